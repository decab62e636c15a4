// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Linux.Tests.Support;
using Hmm.Uapi;

namespace Hmm.Linux.Tests;

/// <summary>Pages, faults and their order on the real kernel.</summary>
public sealed class UserfaultFdTests
{
    private const int PageSizeBytes = FaultRange.PageSizeBytes;

    [NeedsFact(Need.FullUserfaultFd)]
    public void ReadOfAnAbsentPageFaultsAndCopyResolvesIt()
    {
        using var range = new FaultRange(pages: 4);
        var touch = range.Touch(2, write: false);
        var message = range.NextMessage();
        Assert.True(message.IsPageFault);
        Assert.False(message.IsWrite);
        Assert.False(message.IsWriteProtect);
        Assert.Equal((ulong)range.PageAt(2), message.Address);
        Assert.NotEqual(0u, message.ThreadId);
        range.InstallAll(2, count: 1, fill: 0xA5, writeProtected: true);
        Assert.Equal(Errno.None, FaultRange.Finish(touch));
        Assert.Equal(0xA5, range[2]);
        Assert.Equal((ulong)PageSizeBytes, range.File.ResidentBytes);
    }

    [NeedsFact(Need.FullUserfaultFd)]
    public void WriteToAnAbsentPageFaultsAsAWrite()
    {
        using var range = new FaultRange(pages: 1);
        var touch = range.Touch(0, write: true);
        var message = range.NextMessage();
        Assert.True(message.IsWrite);
        Assert.False(message.IsWriteProtect);
        range.InstallAll(0, count: 1, fill: 1, writeProtected: false);
        Assert.Equal(Errno.None, FaultRange.Finish(touch));
    }

    [NeedsFact(Need.FullUserfaultFd)]
    public void WriteToAProtectedPageFaultsUntilProtectionIsLifted()
    {
        using var range = new FaultRange(pages: 1);
        range.InstallAll(0, count: 1, fill: 1, writeProtected: true);
        var touch = range.Touch(0, write: true);
        var message = range.NextMessage();
        Assert.True(message.IsWrite);
        Assert.True(message.IsWriteProtect);
        Assert.Equal(Errno.None, range.Faults.WriteProtect(range.Address, PageSizeBytes, on: false));
        Assert.Equal(Errno.None, FaultRange.Finish(touch));

        Assert.Equal(Errno.None, range.Faults.WriteProtect(range.Address, PageSizeBytes, on: true));
        touch = range.Touch(0, write: true);
        Assert.True(range.NextMessage().IsWriteProtect);
        Assert.Equal(Errno.None, range.Faults.WriteProtect(range.Address, PageSizeBytes, on: false));
        Assert.Equal(Errno.None, FaultRange.Finish(touch));
    }

    [NeedsFact(Need.FullUserfaultFd)]
    public void PunchedPageFaultsAgainAsAbsent()
    {
        using var range = new FaultRange(pages: 2);
        range.InstallAll(0, count: 2, fill: 1, writeProtected: true);
        Assert.Equal(Errno.None, range.File.PunchHole(0, PageSizeBytes));
        Assert.Equal((ulong)PageSizeBytes, range.File.ResidentBytes);
        var touch = range.Touch(0, write: false);
        var message = range.NextMessage();
        Assert.False(message.IsWriteProtect);
        Assert.Equal((ulong)range.Address, message.Address);
        range.InstallAll(0, count: 1, fill: 2, writeProtected: false);
        Assert.Equal(Errno.None, FaultRange.Finish(touch));
        Assert.Equal(2, range[0]);
        Assert.Equal(1, range[1]);
    }

    [NeedsFact(Need.FullUserfaultFd)]
    public void WokenThreadAsksAgain()
    {
        using var range = new FaultRange(pages: 1);
        var touch = range.Touch(0, write: false);
        var first = range.NextMessage();
        Assert.Equal(Errno.None, range.Faults.Wake(range.Address, PageSizeBytes));
        var second = range.NextMessage();
        Assert.Equal(first.Address, second.Address);
        Assert.False(touch.IsCompleted);
        range.InstallAll(0, count: 1, fill: 3, writeProtected: false);
        Assert.Equal(Errno.None, FaultRange.Finish(touch));
    }

    [NeedsFact(Need.FullUserfaultFd)]
    public void CopyOntoAPresentPageSaysSoAndChangesNothing()
    {
        using var range = new FaultRange(pages: 2);
        range.InstallAll(0, count: 1, fill: 1, writeProtected: false);
        Assert.Equal(Errno.EEXIST, range.Install(0, count: 2, fill: 9, writeProtected: false, out var copied));
        Assert.Equal(0UL, copied);
        Assert.Equal(1, range[0]);
        Assert.Equal((ulong)PageSizeBytes, range.File.ResidentBytes);
    }

    [NeedsFact(Need.FullUserfaultFd)]
    public void CopyStopsAtTheFirstPresentPageAndSaysWhich()
    {
        using var range = new FaultRange(pages: 8);
        range.InstallAll(5, count: 1, fill: 1, writeProtected: false);
        Assert.Equal(Errno.EEXIST, range.Install(0, count: 8, fill: 9, writeProtected: true, out var copied));
        Assert.Equal(5UL * PageSizeBytes, copied);
        range.InstallAll(6, count: 2, fill: 9, writeProtected: true);
        Assert.Equal([9, 9, 9, 9, 9, 1, 9, 9], Enumerable.Range(0, 8).Select(page => range[page]));
    }

    [NeedsFact(Need.FullUserfaultFd)]
    public void CopyReportsWhyItCannot()
    {
        using var range = new FaultRange(pages: 2);
        var page = range.Address;
        Assert.Equal(Errno.EINVAL, range.Faults.Copy(page + 1, page, PageSizeBytes, false, out var copied));
        Assert.Equal(0UL, copied);
        Assert.Equal(Errno.EINVAL, range.Faults.Copy(page, page, 0, writeProtected: false, out _));
        range.Faults.Unregister(page, 2 * PageSizeBytes);
        Assert.Equal(Errno.ENOENT, range.Install(0, count: 1, fill: 1, writeProtected: false, out copied));
        Assert.Equal(0UL, copied);
        Assert.Equal(Errno.ENOENT, range.Faults.WriteProtect(page, PageSizeBytes, on: true));
        Assert.Equal(Errno.EINVAL, range.Faults.Wake(page + 1, PageSizeBytes));
    }

    [NeedsFact(Need.FullUserfaultFd)]
    public void ReadFindsNothingWhereNothingIsThere()
    {
        using var range = new FaultRange(pages: 1);
        Assert.Equal(0, range.Faults.Read(new UffdMessage[4], out var error));
        Assert.Equal(Errno.None, error);
    }

    [NeedsFact(Need.FullUserfaultFd)]
    public void ReadTakesSeveralMessagesAtOnce()
    {
        using var range = new FaultRange(pages: 3);
        var touches = new[] { range.Touch(0, write: false), range.Touch(1, write: true), range.Touch(2, write: false) };
        var addresses = new SortedSet<ulong>();
        var messages = new UffdMessage[8];
        while (addresses.Count < 3)
        {
            Assert.True(Poll.WaitReadable(range.Faults, 10_000));
            foreach (var message in messages.AsSpan(0, range.Faults.Read(messages, out _)))
            {
                addresses.Add(message.Address);
            }
        }

        range.InstallAll(0, count: 3, fill: 1, writeProtected: false);
        Assert.All(touches, static touch => Assert.Equal(Errno.None, FaultRange.Finish(touch)));
        Assert.Equal([(ulong)range.PageAt(0), (ulong)range.PageAt(1), (ulong)range.PageAt(2)], addresses);
    }

    [NeedsFact(Need.Poison)]
    public void PoisonedPageFailsItsToucherUntilItIsHealed()
    {
        using var range = new FaultRange(pages: 2);
        var touch = range.Touch(1, write: false);
        range.NextMessage();
        Assert.Equal(Errno.None, range.Faults.Poison(range.PageAt(1), PageSizeBytes));
        Assert.Contains(FaultRange.Finish(touch), new[] { Errno.EHWPOISON, Errno.EFAULT });

        Assert.Equal(Errno.None, range.File.PunchHole(PageSizeBytes, PageSizeBytes));
        range.InstallAll(1, count: 1, fill: 4, writeProtected: false);
        Assert.Equal(Errno.None, FaultRange.Finish(range.Touch(1, write: false)));
        Assert.Equal(4, range[1]);
    }

    [NeedsFact(Need.Poison)]
    public void PresentPageIsNotPoisoned()
    {
        using var range = new FaultRange(pages: 2);
        range.InstallAll(1, count: 1, fill: 1, writeProtected: false);
        Assert.Equal(Errno.EEXIST, range.Faults.Poison(range.Address, 2 * PageSizeBytes));
        Assert.Equal(1, range[1]);
    }

    [NeedsFact(Need.FullUserfaultFd)]
    public unsafe void OperationsOnPagesAllocateNothing()
    {
        using var range = new FaultRange(pages: 16);
        const ulong Length = 16 * PageSizeBytes;
        var source = (nint)NativeMemory.AlignedAlloc((nuint)Length, PageSizeBytes);
        var messages = new UffdMessage[8];
        var failures = 0;
        Cycle();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            Cycle();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, failures);
        NativeMemory.AlignedFree((void*)source);

        void Cycle()
        {
            failures += range.Faults.Copy(range.Address, source, Length, true, out _) == Errno.None ? 0 : 1;
            failures += range.Faults.WriteProtect(range.Address, Length, on: false) == Errno.None ? 0 : 1;
            failures += range.Faults.Wake(range.Address, Length) == Errno.None ? 0 : 1;
            failures += range.Faults.Read(messages, out var error) + (int)error;
            failures += range.File.Read(0, source, Length) == Errno.None ? 0 : 1;
            failures += range.File.PunchHole(0, Length) == Errno.None ? 0 : 1;
        }
    }

    [NeedsFact(Need.FullUserfaultFd)]
    public void AnotherProcessIsServedAndItsEndIsSeen()
    {
        var (mine, its) = UnixSocket.CreatePair();
        using var parent = mine;
        using var child = Program.Spawn("fault", its);
        its.Dispose();
        Span<byte> message = stackalloc byte[8];
        Span<int> descriptors = stackalloc int[UnixSocket.DescriptorsMax];
        Assert.Equal(8, parent.Receive(message, descriptors, out var count, out _));
        Assert.Equal(2, count);
        using var faults = UserfaultFd.Adopt(descriptors[0]);
        using var file = MemoryFile.Adopt(descriptors[1]);
        Assert.True(file.HasFixedLength);
        Assert.Equal(1UL << 16, file.LengthBytes);
        var address = (nint)BitConverter.ToInt64(message);

        Assert.True(Poll.WaitReadable(faults, 10_000));
        var messages = new UffdMessage[1];
        Assert.Equal(1, faults.Read(messages, out _));
        Assert.Equal((ulong)address, messages[0].Address);
        child.Kill();
        Assert.True(child.TryWait(TimeSpan.FromSeconds(10), out _));
        using var bytes = new FaultRange(pages: 1);
        bytes.InstallAll(0, count: 1, fill: 1, writeProtected: false);
        Assert.Equal(Errno.ESRCH, faults.Copy(address, bytes.Address, PageSizeBytes, false, out var copied));
        Assert.Equal(0UL, copied);
        Assert.Equal(Errno.ESRCH, faults.WriteProtect(address, PageSizeBytes, on: true));
        Assert.Equal(Errno.None, faults.Wake(address, PageSizeBytes));
        Assert.Equal(0, faults.Read(messages, out var error));
        Assert.Equal(Errno.None, error);
    }
}
