// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;
using Hmm.Core.Migration;
using Hmm.Core.Virtual;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>
/// The thread that reads fault messages of every session and has them resolved. It never waits for a device, for
/// memory, or for an application: what cannot be resolved at once is completed later, by this thread where a device is
/// a file that takes requests without waiting (<see cref="ThreadRing"/>), else by another.
/// </summary>
/// <remarks>
/// One thread: on two cores a second one gained nothing (facts: 81-91 thousand faults a second either way), and device
/// I/O never occupies this one. An application that waited for a page mostly faults again within microseconds, sooner
/// than a sleeping thread is woken, and a fast disk answers nearly as soon: so this one looks for a moment before it
/// sleeps, while that finds something.
/// Threads: <see cref="Add"/> and <see cref="Remove"/> from any. Allocates nothing per fault.
/// </remarks>
internal sealed class FaultLoop : IDisposable
{
    // One read takes up to 16 messages (512 bytes): more than the threads that fault between two reads.
    private const int MessagesMax = 16;
    private const int EventsMax = 16;
    private const ulong WakeTag = ulong.MaxValue;

    /// <summary>The longest time to look for the next fault.</summary>
    public static readonly TimeSpan SpinTimeMax = TimeSpan.FromMilliseconds(1);

    private readonly FaultHandler _handler; // immutable
    private readonly TimeSpan _spinTime; // immutable
    private readonly bool _idlePoll; // immutable
    private readonly Epoll _epoll = Epoll.Create();
    private readonly EventFd _wake = EventFd.Create();
    private readonly Lock _gate = new();
    private readonly Thread _thread; // immutable
    private readonly Progress _turns = new();
    private Source?[] _sources = new Source?[16]; // Guarded by: _gate for writers, atomic for readers
    private volatile bool _stopping; // Guarded by: atomic

    /// <summary>
    /// 25 microseconds: what it takes to wake the application and that to fault again, twice over. None on one
    /// processor, which the application needs for that.
    /// </summary>
    public static TimeSpan SpinTimeDefault =>
        Environment.ProcessorCount > 1 ? TimeSpan.FromMicroseconds(25) : TimeSpan.Zero;

    /// <summary>Starts the thread.</summary>
    /// <param name="handler">Whom the faults go to.</param>
    /// <param name="spinTime">How long to look for the next fault before sleeping; zero: not at all.</param>
    /// <param name="idlePoll">Whether to keep processors awake while faults come.</param>
    public FaultLoop(FaultHandler handler, TimeSpan spinTime, bool idlePoll)
    {
        _handler = handler;
        _spinTime = spinTime;
        _idlePoll = idlePoll;
        _epoll.Add(_wake, WakeTag);
        _thread = new Thread(Run) { IsBackground = true, Name = "hmm-faults", Priority = ThreadPriority.Highest };
        _thread.Start();
    }

    /// <summary>Serves the faults of an address space.</summary>
    public void Add(UserfaultFd faults, AddressSpace space)
    {
        lock (_gate)
        {
            var index = Array.FindIndex(_sources, static source => source is null);
            if (index < 0)
            {
                index = _sources.Length;
                var larger = new Source?[_sources.Length * 2];
                Array.Copy(_sources, larger, _sources.Length);
                Volatile.Write(ref _sources, larger);
            }

            Volatile.Write(ref _sources[index], new Source(faults, space));
            _epoll.Add(faults, (ulong)index);
        }
    }

    /// <summary>Serves them no more; when it returns, the thread does not use the descriptor and never will.</summary>
    public void Remove(UserfaultFd faults)
    {
        lock (_gate)
        {
            var index = Array.FindIndex(_sources, source => source?.Faults == faults);
            if (index < 0)
            {
                return;
            }

            _epoll.Remove(faults);
            Volatile.Write(ref _sources[index], null);
            WaitForTurn();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _wake.Signal();
        _thread.Join();
        _epoll.Dispose();
        _wake.Dispose();
    }

    private void Run()
    {
        try
        {
            using var ring = ThreadRing.TryCreate(_epoll, out _, _spinTime);
            using var poller = _idlePoll ? CreatePoller() : null;
            Span<EpollEvent> events = stackalloc EpollEvent[EventsMax];
            while (!_stopping)
            {
                var count = ring?.Wait(events, out var error) ?? _epoll.Wait(events, timeoutMs: -1, out error);
                Corruption.Require(error == Errno.None, "waiting for faults does not fail");
                for (var i = 0; i < count; i++)
                {
                    if (events[i].Tag == WakeTag)
                    {
                        _wake.Clear();
                        continue;
                    }

                    var sources = Volatile.Read(ref _sources);
                    if (Volatile.Read(ref sources[(int)events[i].Tag]) is { } source)
                    {
                        Serve(source, others: count > 1);
                    }
                }

                poller?.Notice();
                _turns.Signal();
            }
        }
        catch (Exception exception)
        {
            // Without this thread every application stops for ever at its next fault: better the whole host goes, and
            // says why.
            Corruption.Fail($"the fault thread failed: {exception}");
        }
    }

    private static IdlePoller? CreatePoller()
    {
        if (!IdlePoller.TryCreate(out var poller, out var whyNot))
        {
            HostLog.Write($"processors are not kept awake: {whyNot}");
        }

        return poller;
    }

    /// <param name="source">Whose faults.</param>
    /// <param name="others">Whether other sources have some, too.</param>
    private void Serve(Source source, bool others)
    {
        Span<UffdMessage> messages = stackalloc UffdMessage[MessagesMax];
        var count = source.Faults.Read(messages, out _);
        var alone = count == 1 && !others;
        for (var i = 0; i < count; i++)
        {
            ref readonly var message = ref messages[i];
            if (message.IsPageFault)
            {
                _handler.Handle(
                    source.Space, message.Address, message.IsWrite, message.IsWriteProtect, message.ThreadId, alone);
            }
        }
    }

    /// <summary>Waits until the thread has passed a point where it holds no source from before the call.</summary>
    private void WaitForTurn()
    {
        // Two turns: the one under way may have looked before the source was taken out.
        for (var turn = 0; turn < 2 && !_stopping; turn++)
        {
            var epoch = _turns.Epoch;
            _wake.Signal();
            _turns.Wait(epoch);
        }
    }

    private sealed record Source(UserfaultFd Faults, AddressSpace Space);
}
