// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.System.Tests.Support;
using Hmm.Uapi;
using Xunit.Abstractions;

namespace Hmm.System.Tests;

/// <summary>Devices that come and go while their pages are in use.</summary>
public sealed class RemovalTests(ITestOutputHelper output)
{
    private const int MiB = 1 << 20;
    private const int PageBytes = 4096;

    [Theory]
    [InlineData("memory,size=16MiB", "memory,size=64MiB")]
    [InlineData("block,folder={tmp},size=16MiB", "memory,size=64MiB")]
    [InlineData("memory,size=16MiB", "block,folder={tmp},size=64MiB")]
    public void RemovesADeviceInUseWithoutLosingAWrite(string first, string second)
    {
        using var folder = new TemporaryFolder();
        using var daemon = new Daemon(
            "4MiB",
            first.Replace("{tmp}", folder.Path, StringComparison.Ordinal) + ",name=going",
            second.Replace("{tmp}", folder.Path, StringComparison.Ordinal) + ",name=staying");
        using var host = daemon.Connect();
        using var one = host.Allocate<ulong>(16 * MiB / sizeof(ulong));
        using var other = host.Allocate<ulong>(16 * MiB / sizeof(ulong));
        Task? removal = null;
        var hammer = new Hammer([one, other], PageBytes, Hammer.WritersMax, Environment.TickCount);
        var loss = hammer.Run(TimeSpan.FromSeconds(60), until: () =>
        {
            // Once the first device is full and the second one in use, the first is taken away.
            var devices = host.Devices();
            removal ??= devices.Count == 2 && devices.All(static device => device.UsedBytes > MiB)
                ? host.RemoveDeviceAsync("going")
                : null;
            return removal?.IsCompleted == true;
        });
        output.WriteLine($"{hammer.Operations} operations while the device went");
        Assert.Null(loss);
        Assert.True(removal is not null, "both devices were in use within a minute");
        Assert.True(removal.Wait(Runs.Limit), "the removal ends");
        Assert.Equal("staying", Assert.Single(host.Devices()).Name.ToString());
        Assert.DoesNotContain(host.Resources(), static resource => resource.Name.ToString() == "going");
        Assert.DoesNotContain(host.PageMaps(), static map => map.Device.ToString() == "going");
    }

    [Fact]
    public void KeepsADeviceWhosePagesHaveNowhereToGo()
    {
        using var daemon = new Daemon("4MiB", "memory,size=16MiB,name=only");
        using var host = daemon.Connect();
        using var array = host.Allocate<ulong>(16 * MiB / sizeof(ulong));
        Hosts.Write(array, 0, array.Length);
        Refused.With(Errno.ENOMEM, () => host.RemoveDevice("only"), "only", "no room", "add a device");
        var device = Assert.Single(host.Devices());
        Assert.Equal((LifetimeState.Live, "only"), (device.State, device.Name.ToString()));
        Hosts.Check(array, 0, array.Length);
        Hosts.WriteAndCheck(array, round: 1);

        // With room elsewhere the same removal goes through, though it failed before.
        host.AddDevice("memory,size=16MiB,name=new");
        host.RemoveDevice("only");
        Assert.Equal("new", Assert.Single(host.Devices()).Name.ToString());
        Hosts.Check(array, 0, array.Length, round: 1);
        Hosts.WriteAndCheck(array, round: 2);
    }

    [Fact]
    public void RemovesTheOnlyDeviceWhenEverythingFitsIntoMemory()
    {
        using var daemon = new Daemon("16MiB", "memory,size=64MiB,name=only");
        using var host = daemon.Connect();
        using var array = host.Allocate<ulong>(12 * MiB / sizeof(ulong));
        using (var guest = host.Allocate<ulong>(16 * MiB / sizeof(ulong)))
        {
            Hosts.Write(array, 0, array.Length);
            Hosts.Write(guest, 0, guest.Length);
        }

        host.RemoveDevice("only");
        Assert.Empty(host.Devices());
        Hosts.Check(array, 0, array.Length);
    }

    [Theory]
    [InlineData(65536)]
    [InlineData(2 * MiB)]
    public void BringsLargePagesToAnotherDevice(int pageBytes)
    {
        using var daemon = new Daemon("4MiB", "memory,size=16MiB,name=going", "memory,size=32MiB,name=staying");
        using var host = daemon.Connect();
        using var array =
            host.Allocate<ulong>(16 * MiB / sizeof(ulong), new HmmRangeOptions { PageSizeBytes = pageBytes });
        Hosts.Write(array, 0, array.Length);
        Assert.True(host.RemoveDeviceAsync("going").Wait(Runs.Limit), "the removal ends");
        Hosts.Check(array, 0, array.Length);
        Assert.Equal("staying", Assert.Single(host.Devices()).Name.ToString());
    }

    [Fact]
    public void RefusesToRemoveOrAddWhatIsNotThereOrIs()
    {
        using var daemon = new Daemon("2MiB", "memory,size=4MiB,name=a");
        using var host = daemon.Connect();
        Refused.With(Errno.ENOENT, () => host.RemoveDevice("b"), "'b'");
        Refused.With(Errno.EEXIST, () => host.AddDevice("memory,size=4MiB,name=a"), "'a'");
        Refused.With(Errno.ENOENT, () => host.AddDevice("tape,size=4MiB"), "tape");
        Refused.With(Errno.EINVAL, () => host.AddDevice("memory,size=large"), "size");
        Refused.With(Errno.EINVAL, () => host.AddDevice("memory,size"), "PARAMETER=VALUE");
        Assert.Single(host.Devices());
    }

    /// <summary>
    /// Eight devices come and go at random under four writers; at the end every count is back at
    /// zero.
    /// </summary>
    [Fact]
    [Trait("Category", "Soak")]
    public void AddsAndRemovesEightDevicesAtRandomWithoutLosingAWrite()
    {
        const int DevicesMax = 8;
        using var folder = new TemporaryFolder();
        using var daemon = new Daemon("4MiB", "memory,size=64MiB,name=base");
        using var host = daemon.Connect();
        var arrays = Enumerable.Range(0, 4).Select(_ => host.Allocate<ulong>(8 * MiB / sizeof(ulong))).ToArray();
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var names = new List<string>();
        var (added, removed, refused) = (0, 0, 0);
        var hammer = new Hammer(arrays, PageBytes, Hammer.WritersMax, seed);
        var loss = hammer.Run(Runs.SoakTime, until: () =>
        {
            if (names.Count < DevicesMax && random.Next(2) == 0)
            {
                var name = $"d{added++}";
                var kind = random.Next(2) == 0 ? "memory" : $"block,folder={folder.Path}";
                host.AddDevice($"{kind},size={random.Next(1, 9)}MiB,name={name}");
                names.Add(name);
            }
            else if (names.Count > 0)
            {
                var at = random.Next(names.Count);
                if (TryRemove(host, names[at]))
                {
                    names.RemoveAt(at);
                    removed++;
                }
                else
                {
                    refused++;
                }
            }

            return false;
        });
        output.WriteLine(
            $"seed {seed}: {added} added, {removed} removed, {refused} stayed for want of room, "
                + $"{hammer.Operations} operations");
        Assert.Null(loss);
        Array.ForEach(arrays, static array => array.Dispose());
        Assert.All(host.Devices(), static device => Assert.Equal(0UL, device.UsedBytes));
        names.ForEach(host.RemoveDevice);
        host.RemoveDevice("base");
        Assert.True(removed > 0, "devices went while they were in use");
        Assert.Empty(host.Devices());
        Assert.Empty(host.PageMaps());
        Assert.Equal(0UL, host.HostStatistics.ResidentPages);
        Assert.Equal("System RAM", Assert.Single(host.Resources()).Name.ToString());
    }

    private static bool TryRemove(HmmHost host, string name)
    {
        try
        {
            Assert.True(host.RemoveDeviceAsync(name).Wait(Runs.Limit), $"the removal of {name} ends");
            return true;
        }
        catch (AggregateException exception) when (exception.InnerException is HmmException { Errno: Errno.ENOMEM })
        {
            return false;
        }
    }
}
