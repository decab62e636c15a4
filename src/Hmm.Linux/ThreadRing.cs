// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// An io_uring of one thread that waits in an <see cref="Epoll"/>: what the thread asks of any <see cref="FileIo"/>
/// goes to the kernel from it, and completes on it while it waits, without a turn to another thread and back.
/// </summary>
/// <remarks>
/// A switch to another thread costs 8 to 30 µs where processors are virtual, and two of them as much as a fast disk
/// takes to read. Threads: only the one that created it. Allocates nothing after construction.
/// </remarks>
public sealed unsafe class ThreadRing : IDisposable
{
    // The wait for the epoll has an entry of its own.
    private const uint Entries = 2 * RingFlights.DepthMax;
    private const ulong EpollTag = ulong.MaxValue;
    private const ulong CancelTag = EpollTag - 1;
    private const int Pending = int.MaxValue;

    // How many results are taken in before the thread may ask for more: a run of pages takes 100 µs to install, and a
    // disk that was asked for all that is done has nothing to do meanwhile.
    private const int ReapedMax = 4;

    [ThreadStatic]
    private static ThreadRing? s_current;

    private readonly IoUring _ring; // owner thread
    private readonly RingFlights _flights; // owner thread
    private readonly Epoll _epoll; // immutable
    private readonly AdaptiveSpin? _eventSpin; // owner thread; null: it sleeps at once
    private readonly AdaptiveSpin? _transferSpin; // owner thread; the same while transfers are under way
    private bool _isEpollAsked; // owner thread
    private byte* _events; // owner thread; null where the kernel has no wait for an epoll, only a poll of it
    private int _epollResult; // owner thread

    private ThreadRing(IoUring ring, Epoll epoll, bool epollWait, TimeSpan spinTime)
    {
        _ring = ring;
        _epoll = epoll;
        _flights = new RingFlights(ring);
        if (ring.TellsOfWork && spinTime > TimeSpan.Zero)
        {
            // Each learns for itself: a disk's time has nothing to do with an application's. Twice as long for a disk,
            // since nothing else goes on meanwhile.
            _eventSpin = new AdaptiveSpin(spinTime);
            _transferSpin = new AdaptiveSpin(2 * spinTime);
        }

        _events = epollWait && ring.HasEpollWait
            ? (byte*)NativeMemory.Alloc(Epoll.EventsMax, Epoll.EventSizeBytesMax)
            : null;
    }

    // The calling thread's, if it has one.
    internal static ThreadRing? Current => s_current;

    /// <summary>
    /// What came of registering the memory that the first file with such memory has
    /// (<see cref="FileIo.RegisterBuffers"/>); null: there was none yet.
    /// </summary>
    public Errno? BuffersError { get; private set; }

    /// <summary>Gives the calling thread a ring.</summary>
    /// <param name="epoll">What the thread waits for; disposed after the ring.</param>
    /// <param name="whyNot">Why there is none: its files then do as they do for every thread.</param>
    /// <param name="spinTime">
    /// How long to look for events before sleeping, and twice as long for the end of its transfers, while looking
    /// mostly finds some (a thread that is woken takes 5 to 10 µs longer); default none.
    /// </param>
    /// <returns>Null if this process cannot use io_uring.</returns>
    /// <exception cref="InvalidOperationException">It has one already.</exception>
    public static ThreadRing? TryCreate(Epoll epoll, out string whyNot, TimeSpan spinTime = default) =>
        TryCreate(epoll, epollWait: true, spinTime, out whyNot);

    // Without the wait for an epoll, as on a kernel that has none.
    internal static ThreadRing? TryCreate(Epoll epoll, bool epollWait, TimeSpan spinTime, out string whyNot)
    {
        if (s_current is not null)
        {
            throw new InvalidOperationException("This thread has a ring already; dispose it first.");
        }

        s_current = IoUring.TryCreate(Entries, out var ring, out whyNot)
            ? new ThreadRing(ring, epoll, epollWait, spinTime)
            : null;
        return s_current;
    }

    /// <summary>
    /// Waits until the epoll has events or transfers are done, and completes a few of those; submits before what was
    /// asked for.
    /// </summary>
    /// <param name="events">
    /// Where to report them: at least one, and as many each time; at most 64 are reported at once.
    /// </param>
    /// <param name="error"><see cref="Errno.None"/>, or why the epoll cannot be waited for.</param>
    /// <returns>
    /// The number of events; 0 if others have taken them meanwhile, or if transfers were completed: the thread may have
    /// more to ask for by then, and what has been completed is not all that is done.
    /// </returns>
    public int Wait(Span<EpollEvent> events, out Errno error)
    {
        error = Errno.None;
        AskForEvents(events.Length);
        if (!IsWaitingForEvents || !LookFirst())
        {
            Enter(wait: IsWaitingForEvents); // Submit may have seen the events.
        }

        if (IsWaitingForEvents)
        {
            return 0;
        }

        _isEpollAsked = false;
        if (_events is null)
        {
            return _epoll.Wait(events, timeoutMs: 0, out error);
        }

        error = _epollResult < 0 ? (Errno)(-_epollResult) : Errno.None;
        var count = Math.Max(_epollResult, 0);
        Epoll.Decode(_events, events[..count]);
        return count;
    }

    /// <summary>Submits what was asked for before, and completes what is done; waits for nothing.</summary>
    public void Submit()
    {
        if (!_flights.IsIdle)
        {
            Enter(wait: false);
        }
    }

    /// <summary>Completes everything that is under way.</summary>
    public void Dispose()
    {
        if (IsWaitingForEvents)
        {
            _ring.Cancel(EpollTag, CancelTag);
        }

        // The kernel writes to the buffers of either.
        while (!_flights.IsIdle || IsWaitingForEvents)
        {
            Enter(wait: true);
        }

        s_current = null;
        _ring.Dispose();
        NativeMemory.Free(_events);
        _events = null;
    }

    private bool IsWaitingForEvents => _isEpollAsked && _epollResult == Pending;

    // False: every slot is taken.
    internal bool TryBegin(FileIo file, in FileIoRequest request)
    {
        if (_flights.FreeCount == 0)
        {
            return false;
        }

        if (BuffersError is null && file.RegisteredBuffers is { } buffers)
        {
            // Once, and whatever comes of it: a ring that may not lock them looks their pages up for each transfer.
            BuffersError = _flights.Register(buffers);
        }

        _flights.Begin(file, in request);
        return true;
    }

    // Once, until it was answered.
    private void AskForEvents(int eventsMax)
    {
        if (_isEpollAsked)
        {
            return;
        }

        (_isEpollAsked, _epollResult) = (true, Pending);
        if (_events is null)
        {
            _ring.Poll(_epoll, EpollTag);
        }
        else
        {
            _ring.EpollWait(_epoll, _events, Math.Min(eventsMax, Epoll.EventsMax), EpollTag);
        }
    }

    // Before a sleep: asks for what is to come, and looks whether some of it comes at once; the wait then has it
    // without one. True: something was there already.
    private bool LookFirst()
    {
        var spin = _flights.IsIdle ? _eventSpin : _transferSpin;
        if (spin is null || !spin.IsWorthwhile())
        {
            return false;
        }

        if (Enter(wait: false) > 0)
        {
            return true;
        }

        spin.Look(_ring);
        return false;
    }

    // Submits, waits if told to, and takes in a few of the results; returns how many.
    private int Enter(bool wait)
    {
        var error = _ring.Enter(wait && !_ring.HasCompletion);
        if (error != Errno.None)
        {
            IoUring.Fail(error);
        }

        var reaped = 0;
        while (reaped < ReapedMax && _ring.TryReap(out var tag, out var result))
        {
            reaped++;
            if (tag == EpollTag)
            {
                _epollResult = result;
            }
            else if (tag != CancelTag)
            {
                _flights.Completed((int)tag, result);
            }
        }

        return reaped;
    }
}
