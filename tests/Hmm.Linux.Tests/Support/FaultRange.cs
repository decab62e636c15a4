// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Uapi;

namespace Hmm.Linux.Tests.Support;

// A registered range with the faults of this same process. A managed access to an absent page would
// block a thread that the garbage collector must stop, and the collector would then block the test
// that resolves it: so pages are touched by PopulateRead and PopulateWrite, which wait in the
// kernel, and only read once they are there.
internal sealed unsafe class FaultRange : IDisposable
{
    internal const int PageSizeBytes = 4096;
    private const int WaitLimitMs = 10_000;

    private readonly void* _page = NativeMemory.AlignedAlloc(64 * PageSizeBytes, PageSizeBytes);

    internal FaultRange(int pages)
    {
        File = MemoryFile.Create("hmm-test", (ulong)(pages * PageSizeBytes));
        Memory = MappedMemory.Map(File, (ulong)(pages * PageSizeBytes));
        Faults = UserfaultFd.Open();
        Faults.Register(Memory.Address, Memory.LengthBytes);
    }

    internal MemoryFile File { get; }

    internal MappedMemory Memory { get; }

    internal UserfaultFd Faults { get; }

    internal nint Address => Memory.Address;

    public void Dispose()
    {
        Faults.Dispose();
        Memory.Dispose();
        File.Dispose();
        NativeMemory.AlignedFree(_page);
    }

    internal nint PageAt(int page) => Address + (page * PageSizeBytes);

    internal byte this[int page] => *(byte*)PageAt(page);

    // Installs pages that are filled with a byte.
    internal Errno Install(int page, int count, byte fill, bool writeProtected, out ulong copiedBytes)
    {
        Assert.InRange(count, 1, 64);
        NativeMemory.Fill(_page, (nuint)(count * PageSizeBytes), fill);
        return Faults.Copy(PageAt(page), (nint)_page, (ulong)(count * PageSizeBytes), writeProtected, out copiedBytes);
    }

    internal void InstallAll(int page, int count, byte fill, bool writeProtected)
    {
        Assert.Equal(Errno.None, Install(page, count, fill, writeProtected, out var copied));
        Assert.Equal((ulong)(count * PageSizeBytes), copied);
    }

    // Touches a page on another thread; the result is what the kernel says once it is there.
    internal Task<Errno> Touch(int page, bool write)
        => Task.Factory.StartNew(
            () => write
                ? MappedMemory.PopulateWrite(PageAt(page), PageSizeBytes)
                : MappedMemory.PopulateRead(PageAt(page), PageSizeBytes),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    internal UffdMessage NextMessage()
    {
        Assert.True(Poll.WaitReadable(Faults, WaitLimitMs), "no fault message came");
        var messages = new UffdMessage[1];
        Assert.Equal(1, Faults.Read(messages, out var error));
        Assert.Equal(Errno.None, error);
        return messages[0];
    }

    internal static Errno Finish(Task<Errno> touch)
    {
        Assert.True(touch.Wait(WaitLimitMs), "the toucher still waits");
        return touch.Result;
    }
}
