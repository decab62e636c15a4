// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Linux.Tests.Support;
using Hmm.Uapi;

namespace Hmm.Linux.Tests;

/// <summary>Memory that the kernel pages, as benchmarks use it.</summary>
public sealed class KernelMappingTests
{
    private const int Pages = 64;
    private const int PageBytes = 4096;

    [Fact]
    public void AFileThatWasDroppedComesBackPageByPageAndKeepsWhatIsWritten()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("data");
        File.WriteAllBytes(path, Enumerable.Repeat((byte)7, Pages * PageBytes).ToArray());
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        KernelMapping.DropCache(file);
        using (var mapping = KernelMapping.OfFile(file, Pages * PageBytes, writable: true))
        {
            mapping.Advise(MappingAdvice.Random);
            Assert.Equal(0UL, mapping.CountResidentBytes());
            Assert.Equal(7, Marshal.ReadByte(mapping.Address, 5 * PageBytes));
            Assert.InRange(mapping.CountResidentBytes(), (ulong)PageBytes, (ulong)(Pages - 1) * PageBytes);
            Marshal.WriteByte(mapping.Address, 5 * PageBytes, 9);
            mapping.Flush();
        }

        KernelMapping.DropCache(file);
        Assert.Equal(9, File.ReadAllBytes(path)[5 * PageBytes]);
    }

    [Fact]
    public void AnonymousMemoryIsZerosUntilItIsWritten()
    {
        using var mapping = KernelMapping.Anonymous(Pages * PageBytes);
        mapping.Advise(MappingAdvice.Sequential);
        Assert.Equal(0, Marshal.ReadByte(mapping.Address, PageBytes));
        Marshal.WriteByte(mapping.Address, PageBytes, 3);
        Assert.Equal(3, Marshal.ReadByte(mapping.Address, PageBytes));
    }

    [Fact]
    public void LengthsThatAreNoWholePagesAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => KernelMapping.Anonymous(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => KernelMapping.Anonymous(PageBytes + 1));
    }

    [Fact]
    public void ASwapFileWithHolesIsRefusedWithASentence()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("swap");
        using (var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(file, 1 << 20);
        }

        // Root learns of the holes, everyone else that it takes root.
        var refused = Assert.Throws<HmmException>(() => SwapArea.Enable(path, 1 << 20));
        Assert.Equal(SystemInfo.UserId == 0 ? Errno.EINVAL : Errno.EPERM, refused.Errno);
        Assert.Contains("swapon", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DescriptorNumbersAreBelowTheLimit()
    {
        using var folder = new TemporaryFolder();
        using var file = File.OpenHandle(folder.File("one"), FileMode.CreateNew, FileAccess.Write);
        Assert.InRange((ulong)file.DangerousGetHandle(), 3UL, SystemInfo.DescriptorsMax - 1);
    }
}
