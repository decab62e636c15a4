// SPDX-License-Identifier: MIT
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

// One io_uring: the descriptor, its three mappings, and the two queues in them.
//
// Threads: one, the one that created it (IORING_SETUP_SINGLE_ISSUER, where the kernel has it, insists).
// Invariant: requests that were taken by Next and not reaped <= the entries asked for, so that the completion queue,
// which has twice as many, never overflows.
internal sealed unsafe class IoUring : DescriptorHandle
{
    private const uint PollIn = 1; // POLLIN; include/uapi/asm-generic/poll.h

    private readonly RingMapping _rings; // owner thread
    private readonly RingMapping _entries; // owner thread
    private readonly uint* _submitHead; // immutable
    private readonly uint* _submitTail; // immutable
    private readonly uint* _submitFlags; // immutable
    private readonly uint* _completeHead; // immutable
    private readonly uint* _completeTail; // immutable
    private readonly io_uring_sqe* _submissions; // immutable
    private readonly io_uring_cqe* _completions; // immutable
    private readonly uint _enterFlags; // immutable
    private readonly uint _submitMask; // immutable
    private readonly uint _completeMask; // immutable
    private uint _filled; // owner thread; the tail that the kernel has not been told yet
    private uint _unsubmitted; // owner thread

    private IoUring(int descriptor, in io_uring_params parameters)
        : base(descriptor)
    {
        // Safe because the offsets and sizes are the kernel's own, of mappings with the sizes it names.
        var submitEnd = parameters.sq_off.array + (parameters.sq_entries * sizeof(uint));
        var completeEnd = parameters.cq_off.cqes + (parameters.cq_entries * (uint)sizeof(io_uring_cqe));
        try
        {
            _rings = RingMapping.Map(this, Math.Max(submitEnd, completeEnd), LibC.IORING_OFF_SQ_RING);
            _entries = RingMapping.Map(
                this, parameters.sq_entries * (uint)sizeof(io_uring_sqe), LibC.IORING_OFF_SQES);
        }
        catch
        {
            Dispose();
            throw;
        }

        var rings = (byte*)_rings.Address;
        _submitHead = (uint*)(rings + parameters.sq_off.head);
        _submitTail = (uint*)(rings + parameters.sq_off.tail);
        _submitFlags = (uint*)(rings + parameters.sq_off.flags);
        _submitMask = *(uint*)(rings + parameters.sq_off.ring_mask);
        TellsOfWork = (parameters.flags & LibC.IORING_SETUP_TASKRUN_FLAG) != 0;
        var isPolled = (parameters.flags & LibC.IORING_SETUP_SQPOLL) != 0;
        _enterFlags = LibC.IORING_ENTER_GETEVENTS | (isPolled ? LibC.IORING_ENTER_SQ_WAKEUP : 0);
        _submissions = (io_uring_sqe*)_entries.Address;
        _completeHead = (uint*)(rings + parameters.cq_off.head);
        _completeTail = (uint*)(rings + parameters.cq_off.tail);
        _completeMask = *(uint*)(rings + parameters.cq_off.ring_mask);
        _completions = (io_uring_cqe*)(rings + parameters.cq_off.cqes);
        _filled = *_submitTail;

        // The queue holds numbers of entries; here entry n is always at place n.
        var array = (uint*)(rings + parameters.sq_off.array);
        for (var i = 0U; i < parameters.sq_entries; i++)
        {
            array[i] = i;
        }
    }

    // Creates one, for this thread, or says why there is none. Every step is done, not inferred: the set-up with the
    // flags of newer kernels and then with fewer, the list of operations, and one no-op there and back.
    internal static bool TryCreate(uint entries, [NotNullWhen(true)] out IoUring? ring, out string whyNot)
    {
        ReadOnlySpan<uint> ladder =
        [
            LibC.IORING_SETUP_SUBMIT_ALL | LibC.IORING_SETUP_TASKRUN_FLAG
                | LibC.IORING_SETUP_SINGLE_ISSUER | LibC.IORING_SETUP_DEFER_TASKRUN,
            LibC.IORING_SETUP_SUBMIT_ALL | LibC.IORING_SETUP_TASKRUN_FLAG | LibC.IORING_SETUP_COOP_TASKRUN,
            0,
        ];
        const uint Needed = LibC.IORING_FEAT_SINGLE_MMAP | LibC.IORING_FEAT_NODROP;
        return TryCreate(entries, ladder, default, Needed, out ring, out whyNot);
    }

    // Creates one that a thread of the kernel looks into without a pause, on one processor, until it has found nothing
    // for some milliseconds; then it sleeps until KeepPolling, or Enter.
    internal static bool TryCreatePolled(
        int processor, int idleMs, [NotNullWhen(true)] out IoUring? ring, out string whyNot)
    {
        ReadOnlySpan<uint> ladder = [LibC.IORING_SETUP_SQPOLL | LibC.IORING_SETUP_SQ_AFF];
        var poller = new io_uring_params { sq_thread_cpu = (uint)processor, sq_thread_idle = (uint)idleMs };
        const uint Needed = LibC.IORING_FEAT_SINGLE_MMAP | LibC.IORING_FEAT_NODROP | LibC.IORING_FEAT_CQE_SKIP;
        return TryCreate(1, ladder, poller, Needed, out ring, out whyNot);
    }

    private static bool TryCreate(
        uint entries, ReadOnlySpan<uint> ladder, io_uring_params wanted, uint needed,
        [NotNullWhen(true)] out IoUring? ring, out string whyNot)
    {
        Platform.Require();
        ring = null;
        var parameters = wanted;
        var descriptor = -1L;
        var error = Errno.None;
        foreach (var flags in ladder)
        {
            parameters = wanted with { flags = flags };
            descriptor = LibC.io_uring_setup(LibC.SYS_io_uring_setup, entries, &parameters);
            error = LinuxError.Last();
            if (descriptor >= 0 || error != Errno.EINVAL)
            {
                break;
            }
        }

        if (descriptor < 0)
        {
            whyNot = WhyNot(error);
            return false;
        }

        IoUring created;
        try
        {
            created = new IoUring((int)descriptor, in parameters);
        }
        catch (HmmException exception)
        {
            whyNot = exception.Sentence;
            return false;
        }

        whyNot = (parameters.features & needed) == needed ? created.WhyUnfit() : "this kernel's io_uring is too old";
        if (whyNot.Length > 0)
        {
            created.Dispose();
            return false;
        }

        ring = created;
        return true;
    }

    // Registers memory, once: transfers from and to it need not look up its pages each time. Counts against the
    // limit on locked memory (ENOMEM).
    internal Errno RegisterBuffers(ReadOnlySpan<iovec> buffers)
    {
        fixed (iovec* first = buffers)
        {
            return Register(LibC.IORING_REGISTER_BUFFERS, first, (uint)buffers.Length);
        }
    }

    // The next submission, cleared, to be filled in before Enter. There is always one: see the invariant.
    internal ref io_uring_sqe Next()
    {
        ref var submission = ref _submissions[_filled & _submitMask];
        submission = default;
        _filled++;
        _unsubmitted++;
        return ref submission;
    }

    // Asks for one completion once a descriptor is readable.
    internal void Poll(SafeHandle descriptor, ulong userData)
    {
        ref var entry = ref Next();
        entry.opcode = LibC.IORING_OP_POLL_ADD;
        entry.fd = (int)descriptor.DangerousGetHandle();
        entry.rw_flags = PollIn;
        entry.user_data = userData;
    }

    // Whether the kernel has EpollWait.
    internal bool HasEpollWait { get; private set; }

    // Asks for one completion once an epoll has events: their number, and they are in the buffer, which stays in place
    // until then.
    internal void EpollWait(Epoll epoll, byte* events, int eventsMax, ulong userData)
    {
        ref var entry = ref Next();
        entry.opcode = LibC.IORING_OP_EPOLL_WAIT;
        entry.fd = (int)epoll.DangerousGetHandle();
        entry.addr = (ulong)events;
        entry.len = (uint)eventsMax;
        entry.user_data = userData;
    }

    // Ends a wait early: it completes, if nothing else has completed it, with ECANCELED.
    internal void Cancel(ulong ofUserData, ulong userData)
    {
        ref var entry = ref Next();
        entry.opcode = LibC.IORING_OP_ASYNC_CANCEL;
        entry.addr = ofUserData;
        entry.user_data = userData;
    }

    // Submits what Next gave out, and waits for a completion if told to. EINTR never leaves.
    internal Errno Enter(bool wait)
    {
        // The entries' bytes must be in memory before the tail that covers them, or the kernel reads old ones.
        Volatile.Write(ref *_submitTail, _filled);
        while (true)
        {
            var result = LibC.io_uring_enter(
                LibC.SYS_io_uring_enter, this, _unsubmitted, wait ? 1U : 0U, _enterFlags, 0, 0);
            var error = LinuxError.Last();
            if (result >= 0)
            {
                _unsubmitted -= (uint)result;
                if (_unsubmitted == 0)
                {
                    return Errno.None;
                }
            }
            else if (error is Errno.EAGAIN or Errno.EBUSY)
            {
                if (HasCompletion)
                {
                    return Errno.None; // no memory for more until these are reaped; the next call submits the rest
                }

                Thread.Yield();
            }
            else if (!LinuxError.IsInterrupted(error))
            {
                return error;
            }
        }
    }

    // What is in flight belongs to the kernel, which may still write to its buffers: there is no way back from here.
    [DoesNotReturn]
    internal static void Fail(Errno error) =>
        Environment.FailFast($"io_uring_enter failed with {error} on a ring that worked before.");

    internal bool HasCompletion => *_completeHead != Volatile.Read(ref *_completeTail);

    // Whether HasWork tells of all there is: else what waits for a thread of its own is seen in the kernel only.
    internal bool TellsOfWork { get; }

    // Whether there is a completion, or something that Enter would complete. Costs two loads.
    internal bool HasWork =>
        HasCompletion || (Volatile.Read(ref *_submitFlags) & LibC.IORING_SQ_TASKRUN) != 0;

    // Has the thread of TryCreatePolled go on, with an entry that asks for nothing, and wakes it where it sleeps.
    internal void KeepPolling()
    {
        // One that is not taken yet does as well: the thread has other things to do, or no processor.
        if (Volatile.Read(ref *_submitHead) == _filled)
        {
            ref var entry = ref Next();
            entry.opcode = LibC.IORING_OP_NOP;
            entry.flags = LibC.IOSQE_CQE_SKIP_SUCCESS;
        }

        var error = Enter(wait: false);
        if (error != Errno.None)
        {
            Fail(error);
        }
    }

    internal bool TryReap(out ulong userData, out int result)
    {
        var head = *_completeHead;
        if (head == Volatile.Read(ref *_completeTail))
        {
            (userData, result) = (0, 0);
            return false;
        }

        ref var completion = ref _completions[head & _completeMask];
        (userData, result) = (completion.user_data, completion.res);

        // Read before the head moves on: from then on the kernel may write a new completion there.
        Volatile.Write(ref *_completeHead, head + 1);
        return true;
    }

    protected override bool ReleaseHandle()
    {
        _entries?.Dispose();
        _rings?.Dispose();
        return base.ReleaseHandle();
    }

    private Errno Register(uint opcode, void* argument, uint count)
    {
        while (true)
        {
            var result = LibC.io_uring_register(LibC.SYS_io_uring_register, this, opcode, argument, count);
            var error = LinuxError.Last();
            if (result >= 0)
            {
                return Errno.None;
            }

            if (!LinuxError.IsInterrupted(error))
            {
                return error;
            }
        }
    }

    // Empty if it works.
    [SkipLocalsInit]
    private string WhyUnfit()
    {
        io_uring_probe probe = default;
        var error = Register(LibC.IORING_REGISTER_PROBE, &probe, io_uring_probe.OperationsMax);
        if (error != Errno.None)
        {
            return $"the kernel does not list io_uring's operations ({error})";
        }

        ReadOnlySpan<byte> needed =
        [
            LibC.IORING_OP_READ, LibC.IORING_OP_WRITE, LibC.IORING_OP_READ_FIXED, LibC.IORING_OP_WRITE_FIXED,
            LibC.IORING_OP_POLL_ADD,
        ];
        foreach (var operation in needed)
        {
            if ((probe.ops[operation].flags & LibC.IO_URING_OP_SUPPORTED) == 0)
            {
                return $"this kernel's io_uring lacks operation {operation}";
            }
        }

        HasEpollWait = (probe.ops[LibC.IORING_OP_EPOLL_WAIT].flags & LibC.IO_URING_OP_SUPPORTED) != 0;
        Next().opcode = LibC.IORING_OP_NOP;
        error = Enter(wait: true);
        return error == Errno.None && TryReap(out _, out var result) && result == 0
            ? string.Empty
            : $"a sandbox forbids io_uring_enter ({error}); allow it, as io_uring_setup is";
    }

    private static string WhyNot(Errno error)
    {
        var setting = SystemInfo.IoUringDisabled;
        return error switch
        {
            Errno.ENOSYS => "this kernel, or a sandbox (seccomp), has no io_uring",
            Errno.EPERM when setting is "1" or "2" =>
                $"kernel.io_uring_disabled is {setting}; sysctl -w kernel.io_uring_disabled=0 allows it",
            Errno.EPERM or Errno.EACCES =>
                "a sandbox (seccomp) forbids io_uring; allow io_uring_setup, io_uring_enter and io_uring_register",
            Errno.ENOMEM => "io_uring needs more locked memory than ulimit -l allows",
            _ => $"io_uring_setup failed with {error}",
        };
    }

    // One of the kernel's mappings of the ring; goes with it.
    private sealed class RingMapping : SafeHandle
    {
        private readonly nuint _lengthBytes;

        private RingMapping(nint address, nuint lengthBytes)
            : base(LibC.MAP_FAILED, ownsHandle: true)
        {
            SetHandle(address);
            _lengthBytes = lengthBytes;
        }

        internal nint Address => handle;

        public override bool IsInvalid => handle == LibC.MAP_FAILED;

        internal static RingMapping Map(IoUring ring, uint lengthBytes, long offset)
        {
            // MADV_DONTFORK is not needed: a child that forks only runs to its exec.
            var address = LibC.mmap(
                0, lengthBytes, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, ring, offset);
            var error = LinuxError.Last();
            if (address == LibC.MAP_FAILED)
            {
                LinuxError.Throw(error, "mmap", $"io_uring, {lengthBytes}");
            }

            return new RingMapping(address, lengthBytes);
        }

        protected override bool ReleaseHandle() => LibC.munmap(handle, _lengthBytes) == 0;
    }
}
