// SPDX-License-Identifier: MIT
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

// The transfers of one file by io_uring: a queue that any thread adds to, and one thread that submits, waits and
// completes. Submitters never enter the kernel but to wake that thread when it sleeps; while it is busy it finds their
// requests by itself, many in one call.
//
// Threads: Submit from any; targets are told on the ring's thread.
// Invariant: submitted = completed + in the queue + in flight; in flight + free slots = DepthMax.
internal sealed unsafe class RingTransfers : IDisposable
{
    // Disks take 32 to 1024 requests at once; 256 keep any of them busy.
    private const int DepthMax = 256;

    // The wake-up's poll has an entry of its own.
    private const uint Entries = 2 * DepthMax;
    private const ulong WakeTag = ulong.MaxValue;
    private const uint PollIn = 1; // POLLIN; include/uapi/asm-generic/poll.h

    private readonly FileIo _file; // immutable
    private readonly Descriptor _direct; // immutable
    private readonly Descriptor _buffered; // immutable
    private readonly EventFd _wake = EventFd.Create(); // immutable
    private readonly Thread _thread; // immutable
    private readonly ManualResetEventSlim _answered = new(); // immutable
    private readonly Flight[] _flights = new Flight[DepthMax]; // owner thread
    private readonly int[] _freeSlots = new int[DepthMax]; // owner thread
    private readonly int[] _started = new int[DepthMax]; // owner thread; slots taken in this turn
    private int _freeCount = DepthMax; // owner thread
    private int _startedCount; // owner thread
    private bool _wakeArmed; // owner thread
    private FileIoBuffers[] _buffers = []; // owner thread
    private int _directNumber; // owner thread
    private int _bufferedNumber; // owner thread

    private readonly object _gate = new();
    private readonly FileIoRequest[] _queue = new FileIoRequest[FileIo.QueueLengthMax]; // Guarded by: _gate
    private int _head; // Guarded by: _gate
    private int _count; // Guarded by: _gate
    private bool _asleep; // Guarded by: _gate
    private bool _closing; // Guarded by: _gate
    private FileIoBuffers[]? _toRegister; // Guarded by: _gate
    private Errno _registered; // Guarded by: _answered
    private string _whyNot = string.Empty; // Guarded by: _answered

    private RingTransfers(FileIo file, Descriptor direct, Descriptor buffered)
    {
        (_file, _direct, _buffered) = (file, direct, buffered);
        for (var i = 0; i < DepthMax; i++)
        {
            _freeSlots[i] = i;
        }

        _thread = new Thread(Run, 512 << 10) { IsBackground = true, Name = "hmm-io-ring" };
    }

    internal bool IsOwnThread => Thread.CurrentThread == _thread;

    // Empty, or why there is none.
    internal static string TryStart(FileIo file, Descriptor direct, Descriptor buffered, out RingTransfers? ring)
    {
        var started = new RingTransfers(file, direct, buffered);
        started._thread.Start();
        started._answered.Wait();
        if (started._whyNot.Length == 0)
        {
            ring = started;
            return string.Empty;
        }

        ring = null;
        started._thread.Join();
        started._wake.Dispose();
        started._answered.Dispose();
        return started._whyNot;
    }

    internal void Submit(in FileIoRequest request)
    {
        bool queued;
        bool wake;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing, _file);
            queued = _count < FileIo.QueueLengthMax;
            if (queued)
            {
                _queue[(_head + _count) % FileIo.QueueLengthMax] = request;
                _count++;
            }

            wake = queued && _asleep;
            _asleep &= !wake;
        }

        if (wake)
        {
            _wake.Signal();
        }

        // Outside the lock: the target may submit again.
        if (!queued)
        {
            request.Target.Completed(request.Tag, Errno.ENOMEM, 0);
        }
    }

    // The ring takes registrations from its own thread only.
    internal Errno RegisterBuffers(IReadOnlyList<FileIoBuffers> buffers)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing, _file);
            _answered.Reset();
            _toRegister = [.. buffers];
            _asleep = false;
        }

        _wake.Signal();
        _answered.Wait();
        return _registered;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _closing = true;
            _asleep = false;
        }

        _wake.Signal();
        _thread.Join();
        _wake.Dispose();
        _answered.Dispose();
    }

    private void Run()
    {
        if (!IoUring.TryCreate(Entries, out var ring, out var whyNot))
        {
            _whyNot = whyNot;
            _answered.Set();
            return;
        }

        using (ring)
        {
            // The ring's thread ends before either descriptor is closed, so their numbers stay theirs.
            _directNumber = (int)_direct.DangerousGetHandle();
            _bufferedNumber = (int)_buffered.DangerousGetHandle();
            _answered.Set();
            while (TryTakeWork(ring, out var sleep))
            {
                ArmWake(ring);
                var error = ring.Enter(wait: sleep && !ring.HasCompletion);
                if (error != Errno.None)
                {
                    // What is in flight belongs to the kernel, which may still write to its buffers: there is no way
                    // back from here.
                    Environment.FailFast($"io_uring_enter failed with {error} on a ring that worked before.");
                }

                Reap(ring);
            }
        }
    }

    // Moves requests from the queue into the ring. False: closing, and all is done.
    private bool TryTakeWork(IoUring ring, out bool sleep)
    {
        FileIoBuffers[]? register;
        lock (_gate)
        {
            _asleep = false;
            while (_count > 0 && _freeCount > 0)
            {
                var slot = _freeSlots[--_freeCount];
                _flights[slot] = new Flight { Request = _queue[_head] };
                _queue[_head] = default; // or the queue would keep the target alive
                _head = (_head + 1) % FileIo.QueueLengthMax;
                _count--;
                _started[_startedCount++] = slot;
            }

            (register, _toRegister) = (_toRegister, null);
            if (_closing && _count == 0 && _freeCount == DepthMax && _startedCount == 0 && register is null)
            {
                sleep = false;
                return false;
            }

            // Set under the lock, so that a request that is added later finds it and signals; with every slot in use
            // only a completion helps, and that wakes anyway.
            sleep = register is null && _startedCount == 0;
            _asleep = _count == 0 || _freeCount > 0;
        }

        if (register is not null)
        {
            _registered = Register(ring, register);
            _answered.Set();
        }

        for (var i = 0; i < _startedCount; i++)
        {
            Begin(ring, _started[i]);
        }

        // A full turn was submitted: wait for what it brings, unless nothing of it went to the kernel.
        sleep |= _startedCount > 0 && _freeCount < DepthMax;
        _startedCount = 0;
        return true;
    }

    private void ArmWake(IoUring ring)
    {
        if (_wakeArmed)
        {
            return;
        }

        ref var entry = ref ring.Next();
        entry.opcode = LibC.IORING_OP_POLL_ADD;
        entry.fd = (int)_wake.DangerousGetHandle();
        entry.rw_flags = PollIn;
        entry.user_data = WakeTag;
        _wakeArmed = true;
    }

    private void Begin(IoUring ring, int slot)
    {
        ref var flight = ref _flights[slot];
        flight.LengthBytes = flight.Request.LengthBytes;
        var error = flight.Request.Write
            ? _file.WritableLength(in flight.Request, out flight.LengthBytes)
            : Errno.None;
        if (error != Errno.None || flight.LengthBytes == 0)
        {
            End(slot, error);
            return;
        }

        Continue(ring, slot);
    }

    // Submits what is left of a transfer: direct where its place and buffer are aligned, else through the page cache.
    private void Continue(IoUring ring, int slot)
    {
        ref var flight = ref _flights[slot];
        var offset = flight.Request.Offset + (ulong)flight.DoneBytes;
        var buffer = flight.Request.Buffer + flight.DoneBytes;
        var left = flight.LengthBytes - flight.DoneBytes;
        flight.IsDirect = !flight.DirectRefused && left >= FileIo.AlignmentBytes
            && ((offset | (ulong)buffer) % FileIo.AlignmentBytes) == 0;
        var piece = flight.IsDirect ? left & ~(int)(FileIo.AlignmentBytes - 1) : left;
        ref var entry = ref ring.Next();
        var write = flight.Request.Write;
        if (TryFindBuffer(buffer, piece, out var index))
        {
            entry.opcode = write ? LibC.IORING_OP_WRITE_FIXED : LibC.IORING_OP_READ_FIXED;
            entry.buf_index = index;
        }
        else
        {
            entry.opcode = write ? LibC.IORING_OP_WRITE : LibC.IORING_OP_READ;
        }

        entry.fd = flight.IsDirect ? _directNumber : _bufferedNumber;
        entry.off = offset;
        entry.addr = (ulong)buffer;
        entry.len = (uint)piece;
        entry.user_data = (ulong)slot;
    }

    private void Reap(IoUring ring)
    {
        while (ring.TryReap(out var userData, out var result))
        {
            if (userData == WakeTag)
            {
                _wake.Clear();
                _wakeArmed = false;
            }
            else
            {
                Completed(ring, (int)userData, result);
            }
        }
    }

    private void Completed(IoUring ring, int slot, int result)
    {
        ref var flight = ref _flights[slot];
        var error = result < 0 ? (Errno)(-result) : Errno.None;
        if (result > 0)
        {
            flight.DoneBytes += result;
            if (flight.DoneBytes < flight.LengthBytes)
            {
                Continue(ring, slot); // short: the end of the file, or of what the device does at once
                return;
            }
        }
        else if (result == 0)
        {
            error = flight.Request.Write ? Errno.EIO : Errno.None; // a read at the end of the file
        }
        else if (LinuxError.IsInterrupted(error) || (error == Errno.EINVAL && flight.IsDirect))
        {
            flight.DirectRefused |= error == Errno.EINVAL; // this spot wants another alignment than was probed
            Continue(ring, slot);
            return;
        }

        End(slot, error == Errno.EAGAIN ? Errno.EIO : error);
    }

    private void End(int slot, Errno error)
    {
        var flight = _flights[slot];
        _flights[slot] = default; // or it would keep the target alive
        _freeSlots[_freeCount++] = slot;
        flight.Request.Target.Completed(flight.Request.Tag, error, flight.DoneBytes);
    }

    private Errno Register(IoUring ring, FileIoBuffers[] buffers)
    {
        var vectors = new List<iovec>();
        foreach (var piece in buffers)
        {
            for (var i = 0; i < piece.Count; i++)
            {
                vectors.Add(new iovec
                {
                    iov_base = piece.Address + ((nint)i * piece.StrideBytes),
                    iov_len = (nuint)piece.LengthBytes,
                });
            }
        }

        var error = ring.RegisterBuffers([.. vectors]);
        _buffers = error == Errno.None ? buffers : [];
        return error;
    }

    private bool TryFindBuffer(nint address, int lengthBytes, out ushort index)
    {
        var before = 0;
        foreach (ref readonly var piece in _buffers.AsSpan())
        {
            var from = address - piece.Address;
            if (from >= 0 && from < (nint)piece.StrideBytes * piece.Count)
            {
                var number = (int)(from / piece.StrideBytes);
                index = (ushort)(before + number);
                return from - ((nint)number * piece.StrideBytes) + lengthBytes <= piece.LengthBytes;
            }

            before += piece.Count;
        }

        index = 0;
        return false;
    }

    private struct Flight
    {
        public FileIoRequest Request;
        public int LengthBytes;
        public int DoneBytes;
        public bool IsDirect;
        public bool DirectRefused;
    }
}
