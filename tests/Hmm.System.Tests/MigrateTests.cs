// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.System.Tests.Support;
using Hmm.Uapi;
using Xunit.Abstractions;

namespace Hmm.System.Tests;

/// <summary>Pages that are moved by hand, between real devices, on the real kernel.</summary>
public sealed class MigrateTests(ITestOutputHelper output)
{
    private const int MiB = 1 << 20;
    private const int PageBytes = 4096;
    private const int PageWords = PageBytes / sizeof(ulong);

    [Theory]
    [InlineData("memory,size=64MiB", "block,size=64MiB", false)]
    [InlineData("block,size=64MiB", "compressed", null)]
    [InlineData("compressed", "block,size=64MiB", true)]
    [InlineData("compressed,algorithm=zstd", "block,size=64MiB,encrypt=yes", true)]
    [InlineData("compressed", "compressed,algorithm=zstd", false)]
    public void MovesEveryPageThereAndBack(string first, string second, bool? direct)
    {
        using var host = Hosts.Start(4, first + ",name=a", second + ",name=b");
        using var array = host.Allocate<ulong>(16 * MiB / sizeof(ulong));
        WriteText(array);
        foreach (var device in new[] { "b", "a", "b" })
        {
            var migration = array.Migrate(device);
            Assert.True(migration.IsComplete, Words(migration));
            Assert.Equal(16 * MiB / PageBytes, migration.MovedPages);
            Assert.Equal(0, array.ResidentBytes);
            Assert.Equal(device, array.Describe(0).Device.ToString());
            Assert.Equal(device, array.Describe(array.Length - 1).Device.ToString());
            Assert.Equal(0UL, host.Statistics.DeviceErrors);
            if (device == "b" && direct is { } isDirect)
            {
                AssertWay(host, "a", "b", isDirect);
            }

            CheckText(array);
            array.Migrate(device);
        }
    }

    [Fact]
    public void PagesSinkAsTheyAreKeptAndComeBack()
    {
        using var host = Hosts.Start(4, "compressed,memory=6MiB,name=warm", "block,size=256MiB,name=cold");
        using var array = host.Allocate<ulong>(64 * MiB / sizeof(ulong));
        WriteText(array);
        Hosts.Eventually(() => WayOf(host, "warm", "cold").DirectPages > 1024, "the coldest pages sink");
        CheckText(array);
        var way = WayOf(host, "warm", "cold");
        output.WriteLine($"{way.DirectPages} pages sank as they were kept, {way.BouncedPages} did not");
        Assert.Equal(0UL, way.BouncedPages);
        Assert.Equal(PeerMapType.Direct, way.Type);
        Assert.All(host.Devices(), static device => Assert.Equal(0UL, device.Errors));
    }

    [Fact]
    public void SaysHowFarDevicesAreFromEachOther()
    {
        using var folder = new TemporaryFolder();
        using var host = Hosts.Start(
            4,
            "memory,size=4MiB,name=a",
            "compressed,name=b",
            "block,size=16MiB,name=c",
            $"pmem,name=d,size=16MiB,file={folder.File("ranges")}");
        var peers = host.Peers();
        Assert.Equal(12, peers.Count);
        Assert.Equal(0, WayOf(host, "a", "b").Distance);
        Assert.Equal(WayOf(host, "a", "c").Distance, WayOf(host, "c", "b").Distance);
        Assert.Equal(PeerMapType.Direct, WayOf(host, "c", "b").Type);
        Assert.Equal(PeerMapType.Bounced, WayOf(host, "c", "a").Type);
        Assert.Equal((-1, PeerMapType.None), (WayOf(host, "a", "d").Distance, WayOf(host, "d", "b").Type));
        host.RemoveDevice("a");
        Assert.Equal(6, host.Peers().Count);
    }

    [Fact]
    public void SaysOfEachPageWhyItStayed()
    {
        using var host = Hosts.Start(8, "memory,size=32MiB,name=near", "block,size=32MiB,name=far");
        using var array = host.Allocate<ulong>(1024 * PageWords, new HmmRangeOptions { Advice = Advice.Random });
        Hosts.Write(array, 0, 8 * PageWords);
        using var pin = array.Pin(2 * PageWords, PageWords);
        var migration = array.Migrate("far", 0, 16 * PageWords);

        var expected = Enumerable.Range(0, 16).Select(page => page switch
        {
            2 => Errno.EBUSY,
            < 8 => Errno.None,
            _ => Errno.ENOENT,
        });
        Assert.Equal(expected, Enumerable.Range(0, 16).Select(page => migration.ResultOf(page)));
        Hosts.Check(array, 0, 8 * PageWords);
    }

    [Fact]
    public void FillsADeviceAndLeavesTheRestWhereItIs()
    {
        using var host = Hosts.Start(4, "memory,size=32MiB,name=large", "memory,size=2MiB,name=small");
        using var array = host.Allocate<ulong>(8 * MiB / sizeof(ulong));
        Hosts.Write(array, 0, array.Length);
        var migration = array.Migrate("small");

        Assert.Equal([Errno.None, Errno.ENOSPC], migration.Counts.Keys.Order());
        Assert.InRange(migration.MovedPages, MiB / PageBytes, 2 * MiB / PageBytes);
        Hosts.Check(array, 0, array.Length);
    }

    [Fact]
    public void RefusesDevicesThatCannotTakePages()
    {
        using var folder = new TemporaryFolder();
        using var host = Hosts.Start(
            4, "memory,size=4MiB,name=a", $"pmem,name=kept,size=16MiB,file={folder.File("ranges")}");
        using var array = host.Allocate<ulong>(PageWords);
        Hosts.Write(array, 0, array.Length);

        Refused.With(Errno.ENODEV, () => array.Migrate("nothing"), "'nothing'", "hmm devices");
        Refused.With(Errno.EINVAL, () => array.Migrate("kept"), "'kept'", "persistent");
    }

    [Fact]
    public void LosesNoWriteWhileTwoDevicesPassAllPagesToAndFro()
    {
        using var host = Hosts.Start(4, "memory,size=64MiB,name=a", "block,size=64MiB,name=b");
        using var array = host.Allocate<ulong>(8 * MiB / sizeof(ulong));
        var (rounds, moved) = (0, 0L);
        var seed = Environment.TickCount;
        var hammer = new Hammer([array], PageBytes, 2, seed);
        var loss = hammer.Run(TimeSpan.FromSeconds(30), until: () =>
        {
            moved += array.Migrate(rounds++ % 2 == 0 ? "b" : "a").MovedPages;
            return rounds >= 20;
        });
        output.WriteLine($"seed {seed}: {moved} pages moved in {rounds} rounds, {hammer.Operations} operations");
        Assert.Null(loss);
        Assert.NotEqual(0, moved);
    }

    [Fact]
    public async Task AnAdministratorMovesThePagesOfAnotherApplication()
    {
        using var daemon = new Daemon("4MiB", "memory,size=64MiB,name=a", "memory,size=64MiB,name=b");
        using var application = daemon.Connect();
        using var array = application.Allocate<ulong>(
            8 * MiB / sizeof(ulong), new HmmRangeOptions { Name = "vectors" });
        Hosts.Write(array, 0, array.Length);
        using var administrator = daemon.Connect();
        var range = Assert.Single(administrator.Ranges());
        var migration = await administrator.MigrateAsync(range, "b", 0, 8 * MiB / PageBytes);

        Assert.True(migration.IsComplete, Words(migration));
        Assert.Equal("b", array.Describe(0).Device.ToString());
        Hosts.Check(array, 0, array.Length);
        array.Dispose();
        var gone = await Assert.ThrowsAsync<HmmException>(() => administrator.MigrateAsync(range, "a", 0, 1));
        Assert.Equal(Errno.ENOENT, gone.Errno);
    }

    [Fact]
    public void AClientThatGoesWhileItsPagesMoveLeavesNothingBehind()
    {
        using var daemon = new Daemon("4MiB", "memory,size=128MiB,name=a", "block,size=128MiB,name=b");
        using (var going = daemon.Connect())
        {
            var array = going.Allocate<ulong>(64 * MiB / sizeof(ulong));
            Hosts.Write(array, 0, array.Length);
            _ = array.MigrateAsync("b");
        }

        using var staying = daemon.Connect();
        Hosts.Eventually(() => staying.Ranges().Count == 0, "the range is closed");
        Hosts.Eventually(() => staying.Devices().All(static device => device.UsedBytes == 0), "its frames are free");
    }

    private static PeerRecord WayOf(HmmHost host, string from, string to) =>
        host.Peers().Single(way => way.From.ToString() == from && way.To.ToString() == to);

    private static void AssertWay(HmmHost host, string from, string to, bool direct)
    {
        var way = WayOf(host, from, to);
        Assert.Equal(direct ? PeerMapType.Direct : PeerMapType.Bounced, way.Type);
        Assert.Equal(direct, way.DirectPages > 0 && way.BouncedPages == 0);
    }

    /// <summary>Pages that get smaller, each its own.</summary>
    private static void WriteText(HmmArray<ulong> array)
    {
        var words = new ulong[PageWords];
        for (var page = 0L; page < array.Length / PageWords; page++)
        {
            Fill(words, page);
            array.Write(page * PageWords, words);
        }
    }

    private static void CheckText(HmmArray<ulong> array)
    {
        var (words, expected) = (new ulong[PageWords], new ulong[PageWords]);
        for (var page = 0L; page < array.Length / PageWords; page++)
        {
            Fill(expected, page);
            array.Read(page * PageWords, words);
            Assert.True(words.AsSpan().SequenceEqual(expected), $"page {page} is as it was written");
        }
    }

    private static void Fill(ulong[] words, long page)
    {
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = i % 3 == 0 ? Pattern.At((page * PageWords) + i) : (ulong)page;
        }
    }

    private static string Words(HmmMigration migration) =>
        string.Join(", ", migration.Counts.Select(static pair => $"{pair.Key}: {pair.Value}"));
}
