// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux.Tests;

/// <summary>Memory files and mappings.</summary>
public sealed class MemoryFileTests
{
    private const ulong PageSizeBytes = 4096;

    [Fact]
    public void StartsEmptyWithAFixedLength()
    {
        using var file = MemoryFile.Create("hmm-test", 1UL << 40);
        Assert.Equal(1UL << 40, file.LengthBytes);
        Assert.Equal(0UL, file.ResidentBytes);
        Assert.True(file.HasFixedLength);
        Assert.Equal(-1, LibC.ftruncate(file, 4096));
        Assert.Equal(Errno.EPERM, LinuxError.Last());
        Assert.Equal(LibC.FD_CLOEXEC, LibC.fcntl(file, LibC.F_GETFD, 0));
    }

    [Fact]
    public void OnlyAMemoryFileHasAFixedLength()
    {
        using var signal = EventFd.Create();
        using var adopted = MemoryFile.Adopt(LibC.fcntl(signal, LibC.F_DUPFD_CLOEXEC, 0));
        Assert.False(adopted.HasFixedLength);
    }

    [Fact]
    public void ImpossibleRequestsAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => MemoryFile.Create("hmm-test", 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => MemoryFile.Create("hmm-test", ulong.MaxValue));
        Assert.Throws<ArgumentException>(() => MemoryFile.Create("", 4096));
        var refused = Assert.Throws<HmmException>(() => MemoryFile.Create(new string('x', 300), 4096));
        Assert.Equal(Errno.EINVAL, refused.Errno);
        Assert.Contains("memfd_create", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void ReadReturnsWhatTheMappingHoldsAndNothingBehindTheEnd()
    {
        using var file = MemoryFile.Create("hmm-test", 4 * PageSizeBytes);
        using var memory = MappedMemory.Map(file, 4 * PageSizeBytes);
        new Span<byte>((void*)(memory.Address + 4096), 4096).Fill(7);
        var bytes = stackalloc byte[8192];
        Assert.Equal(Errno.None, file.Read(0, (nint)bytes, 8192));
        Assert.Equal(0, bytes[4095]);
        Assert.Equal(7, bytes[4096]);
        Assert.Equal(7, bytes[8191]);
        Assert.Equal(PageSizeBytes, file.ResidentBytes);
        Assert.Equal(Errno.EIO, file.Read(3 * PageSizeBytes, (nint)bytes, 8192));
    }

    [Fact]
    public void DataIsFoundStretchByStretch()
    {
        using var file = MemoryFile.Create("hmm-test", 16 * PageSizeBytes);
        using var memory = MappedMemory.Map(file, 16 * PageSizeBytes);
        Assert.False(file.TryNextData(0, out _, out _));
        Assert.Equal(Errno.None, MappedMemory.PopulateWrite(memory.Address + 8192, 8192));
        Assert.Equal(Errno.None, MappedMemory.PopulateWrite(memory.Address + (15 * 4096), 4096));
        Assert.True(file.TryNextData(0, out var start, out var end));
        Assert.Equal((2 * PageSizeBytes, 4 * PageSizeBytes), (start, end));
        Assert.True(file.TryNextData(end, out start, out end));
        Assert.Equal((15 * PageSizeBytes, 16 * PageSizeBytes), (start, end));
        Assert.False(file.TryNextData(end, out _, out _));
        Assert.Equal(Errno.None, file.PunchHole(0, 16 * PageSizeBytes));
        Assert.False(file.TryNextData(0, out _, out _));
        Assert.Equal(0UL, file.ResidentBytes);
    }

    [Theory]
    [InlineData(4096UL)]
    [InlineData(2UL << 20)]
    [InlineData(1UL << 30)]
    public void MappingIsAligned(ulong alignmentBytes)
    {
        using var file = MemoryFile.Create("hmm-test", PageSizeBytes);
        using var memory = MappedMemory.Map(file, PageSizeBytes, alignmentBytes);
        Assert.Equal(0UL, (ulong)memory.Address % alignmentBytes);
        Marshal.WriteByte(memory.Address + 4095, 1);
        Assert.Equal(1, Marshal.ReadByte(memory.Address + 4095));
    }

    [Fact]
    public void MappingLeavesNothingElseBehind()
    {
        using var file = MemoryFile.Create("hmm-test", PageSizeBytes);
        nint address;
        using (var memory = MappedMemory.Map(file, PageSizeBytes, 1UL << 30))
        {
            address = memory.Address;
            Assert.Equal(Errno.ENOMEM, MappedMemory.PopulateRead(address + 4096, PageSizeBytes));
        }

        Assert.Equal(Errno.ENOMEM, MappedMemory.PopulateRead(address, PageSizeBytes));
    }

    [Fact]
    public void ImpossibleMappingsAreRefused()
    {
        using var file = MemoryFile.Create("hmm-test", PageSizeBytes);
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedMemory.Map(file, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedMemory.Map(file, 4097));
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedMemory.Map(file, 4096, 2048));
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedMemory.Map(file, 4096, 12288));
        var refused = Assert.Throws<HmmException>(() => MappedMemory.Map(file, 1UL << 60));
        Assert.Equal(Errno.ENOMEM, refused.Errno);
        Assert.Contains("mmap", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ForkedChildrenDoNotGetTheMapping()
    {
        using var file = MemoryFile.Create("hmm-test", PageSizeBytes);
        using var memory = MappedMemory.Map(file, PageSizeBytes);
        Assert.DoesNotContain("dc", FlagsOf(memory.Address));
        memory.DontFork();
        Assert.Contains("dc", FlagsOf(memory.Address));
    }

    private static string[] FlagsOf(nint address)
    {
        var lines = File.ReadLines("/proc/self/smaps")
            .SkipWhile(line => !line.StartsWith($"{address:x}-", StringComparison.Ordinal));
        return lines.First(static line => line.StartsWith("VmFlags:", StringComparison.Ordinal)).Split(' ');
    }
}
