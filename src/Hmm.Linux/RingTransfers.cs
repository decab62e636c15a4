// SPDX-License-Identifier: MIT
using Hmm.Uapi;

namespace Hmm.Linux;

// The transfers of one file by io_uring: a queue that any thread adds to, and one thread that submits, waits and
// completes. Submitters never enter the kernel but to wake that thread when it sleeps; while it is busy it finds their
// requests by itself, many in one call.
//
// Threads: Submit from any; targets are told on the ring's thread.
// Invariant: submitted = completed + in the queue + in flight.
internal sealed unsafe class RingTransfers : IDisposable
{
    // The wake-up's poll has an entry of its own.
    private const uint Entries = 2 * RingFlights.DepthMax;
    private const ulong WakeTag = ulong.MaxValue;

    private readonly FileIo _file; // immutable
    private readonly EventFd _wake = EventFd.Create(); // immutable
    private readonly Thread _thread; // immutable
    private readonly ManualResetEventSlim _answered = new(); // immutable
    private readonly FileIoRequest[] _taken = new FileIoRequest[RingFlights.DepthMax]; // owner thread; in this turn
    private bool _wakeArmed; // owner thread

    private readonly object _gate = new();
    private readonly FileIoRequest[] _queue = new FileIoRequest[FileIo.QueueLengthMax]; // Guarded by: _gate
    private int _head; // Guarded by: _gate
    private int _count; // Guarded by: _gate
    private bool _asleep; // Guarded by: _gate
    private bool _closing; // Guarded by: _gate
    private FileIoBuffers[]? _toRegister; // Guarded by: _gate
    private Errno _registered; // Guarded by: _answered
    private string _whyNot = string.Empty; // Guarded by: _answered

    private RingTransfers(FileIo file)
    {
        _file = file;
        _thread = new Thread(Run, 512 << 10) { IsBackground = true, Name = "hmm-io-ring" };
    }

    internal bool IsOwnThread => Thread.CurrentThread == _thread;

    // Empty, or why there is none.
    internal static string TryStart(FileIo file, out RingTransfers? ring)
    {
        var started = new RingTransfers(file);
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
    internal Errno RegisterBuffers(FileIoBuffers[] buffers)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing, _file);
            _answered.Reset();
            _toRegister = buffers;
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
            var flights = new RingFlights(ring);
            _answered.Set();
            while (TryTakeWork(flights, out var sleep))
            {
                ArmWake(ring);
                var error = ring.Enter(wait: sleep && !ring.HasCompletion);
                if (error != Errno.None)
                {
                    IoUring.Fail(error);
                }

                Reap(ring, flights);
            }
        }
    }

    // Moves requests from the queue into the ring. False: closing, and all is done.
    private bool TryTakeWork(RingFlights flights, out bool sleep)
    {
        FileIoBuffers[]? register;
        var taken = 0;
        lock (_gate)
        {
            _asleep = false;
            while (_count > 0 && taken < flights.FreeCount)
            {
                _taken[taken++] = _queue[_head];
                _queue[_head] = default; // or the queue would keep the target alive
                _head = (_head + 1) % FileIo.QueueLengthMax;
                _count--;
            }

            (register, _toRegister) = (_toRegister, null);
            if (_closing && _count == 0 && flights.IsIdle && taken == 0 && register is null)
            {
                sleep = false;
                return false;
            }

            // Set under the lock, so that a request that is added later finds it and signals; with every slot in use
            // only a completion helps, and that wakes anyway.
            sleep = register is null && taken == 0;
            _asleep = _count == 0 || taken < flights.FreeCount;
        }

        if (register is not null)
        {
            _registered = flights.Register(register);
            _answered.Set();
        }

        for (var i = 0; i < taken; i++)
        {
            flights.Begin(_file, in _taken[i]);
            _taken[i] = default;
        }

        // A full turn was submitted: wait for what it brings, unless nothing of it went to the kernel.
        sleep |= taken > 0 && !flights.IsIdle;
        return true;
    }

    private void ArmWake(IoUring ring)
    {
        if (!_wakeArmed)
        {
            ring.Poll(_wake, WakeTag);
            _wakeArmed = true;
        }
    }

    private void Reap(IoUring ring, RingFlights flights)
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
                flights.Completed((int)userData, result);
            }
        }
    }
}
