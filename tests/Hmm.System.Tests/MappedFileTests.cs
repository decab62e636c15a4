// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.System.Tests.Support;
using Hmm.Uapi;

namespace Hmm.System.Tests;

/// <summary>Files as arrays, with a budget of a part of their size.</summary>
public sealed class MappedFileTests : IDisposable
{
    private const int MiB = 1 << 20;
    private const int Words = 8 * MiB / sizeof(ulong);

    private readonly TemporaryFolder _folder = new();
    private readonly HmmHost _host = Hosts.Start(2);

    private string Data => _folder.File("data");

    /// <inheritdoc/>
    public void Dispose()
    {
        _host.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(65536)]
    public void KeepsWritesToAPrivateMappingFromTheFile(int pageBytes)
    {
        Pattern.WriteFile(Data, Words);
        using var array =
            _host.MapFile<ulong>(Data, HmmMapMode.Private, new HmmRangeOptions { PageSizeBytes = pageBytes });
        Assert.Equal(Words, array.Length);
        Hosts.Check(array, 0, Words);
        Hosts.Write(array, 0, Words / 2, round: 1);
        Hosts.Check(array, 0, Words / 2, round: 1);
        Hosts.Check(array, Words / 2, Words / 2);
        array.Flush();
        Assert.Equal(Pattern.Bytes(Pattern.Words(0, Words)), File.ReadAllBytes(Data));

        // What is forgotten is the file's again.
        array.DontNeed(0, Words);
        Hosts.Check(array, 0, Words);
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(65536)]
    public void WritesToASharedMappingLandOnFlushAndOnDispose(int pageBytes)
    {
        Pattern.WriteFile(Data, Words);
        var array = _host.MapFile<ulong>(Data, HmmMapMode.Shared, new HmmRangeOptions { PageSizeBytes = pageBytes });
        Hosts.WriteAndCheck(array, round: 1);
        array.Flush();
        Assert.Equal(Pattern.Bytes(Pattern.Words(0, Words, round: 1)), File.ReadAllBytes(Data));
        Hosts.Write(array, 0, Words, round: 2);
        array.Dispose();
        Assert.Equal(Pattern.Bytes(Pattern.Words(0, Words, round: 2)), File.ReadAllBytes(Data));
    }

    [Theory]
    [InlineData(1, 4096)]
    [InlineData(4095, 4096)]
    [InlineData(4097, 4096)]
    [InlineData((3 * 4096) + 5, 65536)]
    [InlineData((2 * MiB) + 777, 65536)]
    public void KeepsTheLengthOfAFileWhoseTailIsPartOfAPage(int length, int pageBytes)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        File.WriteAllBytes(Data, bytes);
        using (var array =
            _host.MapFile<byte>(Data, HmmMapMode.Shared, new HmmRangeOptions { PageSizeBytes = pageBytes }))
        {
            Assert.Equal(length, array.Length);
            var read = new byte[length];
            array.Read(0, read);
            Assert.Equal(bytes, read);
            array[length - 1] ^= 0xFF;
            bytes[length - 1] ^= 0xFF;

            // The rest of the last page is zero and is nobody's.
            unsafe
            {
                var end = (length + 4095) & ~4095;
                for (var at = length; at < end; at++)
                {
                    Assert.Equal(0, array.Pointer[at]);
                    array.Pointer[at] = 1;
                }
            }

            array.Flush();
            Assert.Equal(bytes, File.ReadAllBytes(Data));
        }

        Assert.Equal(bytes, File.ReadAllBytes(Data));
    }

    [Fact]
    public void ShowsOnlyTheWholeElementsOfAFile()
    {
        File.WriteAllBytes(Data, [1, 0, 0, 0, 2, 0, 0, 0, 3, 0]);
        using var array = _host.MapFile<int>(Data);
        Assert.Equal([1, 2], array.Span(0, (int)array.Length));
        Refused.AsMisuse<ArgumentOutOfRangeException>(() => _ = array[2]);
    }

    [Fact]
    public void MapsOneFileTwice()
    {
        Pattern.WriteFile(Data, Words);
        using var shared = _host.MapFile<ulong>(Data, HmmMapMode.Shared);
        // Random: nothing is brought along, so pages that it did not touch are not in DRAM.
        var random = new HmmRangeOptions { Advice = Advice.Random };
        using var copy = _host.MapFile<ulong>(Data, HmmMapMode.Private, random);
        Hosts.Write(copy, 0, Words / 4, round: 7);
        Hosts.Write(shared, Words / 4, Words / 4, round: 5);
        shared.Flush();
        Hosts.Check(shared, 0, Words / 4);
        Hosts.Check(copy, 0, Words / 4, round: 7);

        // Pages that this mapping never touched show what the other one wrote to the file.
        Hosts.Check(copy, Words / 4, Words / 4, round: 5);
        Hosts.Check(copy, Words / 2, Words / 2);
    }

    [Fact]
    public void FailsReadsOfATruncatedFileAndKeepsItsOtherPagesRight()
    {
        Pattern.WriteFile(Data, Words);
        using var array = _host.MapFile<ulong>(Data, HmmMapMode.Private);
        Hosts.Check(array, 0, 512);
        using (var file = File.OpenWrite(Data))
        {
            file.SetLength(4 * MiB);
        }

        Refused.With(Errno.EHWPOISON, () => array.Read(Words - 512, new ulong[512]), "device");
        Refused.With(Errno.EHWPOISON, () => array.Read(Words / 2, new ulong[1]), "page");
        Hosts.Check(array, 0, Words / 2);
        Assert.Equal(PageStateCode.Poisoned, array.Describe(Words - 1).State);
        Assert.True(array.Statistics is { PoisonedPages: > 0, DeviceErrors: > 0 }, "the errors are counted");
    }

    [Fact]
    public void EndsWhoTouchesAPageOfATruncatedFile()
    {
        File.WriteAllBytes(Data, new byte[MiB]);
        using var child = Child.Play("touch-lost", Data);
        child.Expect("mapped");
        using (var file = File.OpenWrite(Data))
        {
            file.SetLength(4096);
        }

        child.WriteLine("touch");

        // The runtime turns SIGBUS into an abort.
        Assert.Contains(child.WaitForExit(), (int[])[128 + Signal.Bus, 128 + Signal.Abort]);
    }

    [MountFact]
    public void SaysThatASharedFileCannotBeWrittenBackAndKeepsThePages()
    {
        using var small = new SmallFolder("4m");
        var path = small.Path + "/sparse";
        using (var file = File.Create(path))
        {
            file.SetLength(8 * MiB);
        }

        using var host = Hosts.Start(16);
        var array = host.MapFile<ulong>(path, HmmMapMode.Shared);
        Hosts.Write(array, 0, array.Length, round: 1);
        Refused.With(Errno.ENOSPC, array.Flush, "written back");
        Hosts.Check(array, 0, array.Length, round: 1);
        using var remount = Child.Start("mount", ["-o", "remount,size=16m", small.Path]);
        Assert.Equal(0, remount.WaitForExit());
        array.Flush();
        Assert.Equal(Pattern.Bytes(Pattern.Words(0, Words, round: 1)), File.ReadAllBytes(path));
        array.Dispose();
    }

    [Fact]
    public void MapsFilesOfStructs()
    {
        Pattern.WriteFile(Data, 4 * 1024);
        using var array = _host.MapFile<(ulong A, ulong B)>(Data);
        Assert.Equal(2 * 1024, array.Length);
        Assert.Equal((Pattern.At(2046), Pattern.At(2047)), array[1023]);
    }
}
