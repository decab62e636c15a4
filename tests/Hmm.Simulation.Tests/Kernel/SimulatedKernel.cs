// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Kernel;

/// <summary>
/// What all simulated memories of a run share: the queue of fault messages, the count of DRAM in use, and who sleeps.
/// Messages behave as the kernel's: one that was not read yet goes with its thread's wake; one that was read is stale
/// then; a signal (each garbage collection sends them) makes a sleeping thread fault once more.
/// </summary>
/// <remarks>Threads: any, under <see cref="Gate"/>; the scheduler is never entered with it held.</remarks>
internal sealed class SimulatedKernel
{
    private const int HistoryLength = 16;

    private readonly List<FaultMessage> _unread = []; // Guarded by: Gate
    private readonly List<SimulatedThread> _sleepers = []; // Guarded by: Gate
    private readonly FaultMessage[] _history = new FaultMessage[HistoryLength]; // Guarded by: Gate
    private long _readCount; // Guarded by: Gate
    private long _residentFrames; // Guarded by: Gate

    public SimulatedKernel(SeededScheduler scheduler, long residentFramesMax)
    {
        Scheduler = scheduler;
        ResidentFramesMax = residentFramesMax;
    }

    /// <summary>Guards everything in the simulated kernel.</summary>
    public object Gate { get; } = new();

    public SeededScheduler Scheduler { get; }

    /// <summary>The DRAM that the memories may take together, in frames: more is a failure.</summary>
    public long ResidentFramesMax { get; }

    /// <summary>The DRAM in use, in frames.</summary>
    public long ResidentFrames => Volatile.Read(ref _residentFrames);

    /// <summary>Messages that nobody read yet.</summary>
    public int UnreadCount
    {
        get
        {
            lock (Gate)
            {
                return _unread.Count;
            }
        }
    }

    /// <summary>Threads that sleep in a fault.</summary>
    public int SleeperCount
    {
        get
        {
            lock (Gate)
            {
                return _sleepers.Count;
            }
        }
    }

    /// <summary>Takes the oldest messages.</summary>
    public int Read(Span<FaultMessage> messages)
    {
        lock (Gate)
        {
            var count = Math.Min(messages.Length, _unread.Count);
            for (var i = 0; i < count; i++)
            {
                messages[i] = _unread[i];
                _history[_readCount++ % HistoryLength] = _unread[i];
            }

            _unread.RemoveRange(0, count);
            return count;
        }
    }

    /// <summary>Sends again a message that was read before, whatever became of its page.</summary>
    public void SendStale(SeededRandom random)
    {
        lock (Gate)
        {
            if (_readCount > 0)
            {
                _unread.Add(_history[random.Next((int)Math.Min(_readCount, HistoryLength))] with { Thread = null });
            }
        }
    }

    /// <summary>Interrupts a sleeping thread: it touches its page again.</summary>
    public void Signal(SeededRandom random)
    {
        lock (Gate)
        {
            if (_sleepers.Count > 0)
            {
                WakeLocked(_sleepers[random.Next(_sleepers.Count)]);
            }
        }
    }

    public string Describe()
    {
        lock (Gate)
        {
            return $"  kernel: {ResidentFrames} frames resident of {ResidentFramesMax}, "
                + $"{_unread.Count} messages unread, sleeping: "
                + string.Join(", ", _sleepers) + Environment.NewLine;
        }
    }

    internal void SleepLocked(SimulatedThread thread, FaultMessage message)
    {
        thread.IsWaiting = true;
        _sleepers.Add(thread);
        _unread.Add(message);
    }

    /// <summary>Wakes the threads that sleep on pages of a memory.</summary>
    internal void WakeLocked(SimulatedMemory memory, long first, long count)
    {
        for (var i = _sleepers.Count - 1; i >= 0; i--)
        {
            var thread = _sleepers[i];
            if (thread.Memory == memory && thread.Page >= first && thread.Page < first + count)
            {
                WakeLocked(thread);
            }
        }
    }

    internal void CountResidentLocked(long frames)
    {
        Volatile.Write(ref _residentFrames, _residentFrames + frames);
        if (_residentFrames > ResidentFramesMax)
        {
            throw new ScheduleException(
                $"{_residentFrames} frames are resident, the budget allows {ResidentFramesMax}");
        }
    }

    private void WakeLocked(SimulatedThread thread)
    {
        thread.IsWaiting = false;
        _sleepers.Remove(thread);
        for (var i = _unread.Count - 1; i >= 0; i--)
        {
            if (_unread[i].Thread == thread)
            {
                _unread.RemoveAt(i);
            }
        }

        Monitor.PulseAll(Gate);
    }
}
