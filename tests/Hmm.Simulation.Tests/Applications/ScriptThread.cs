// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Applications;

/// <summary>Loads and stores of an actor that has a thread: a fault lets the others go on until it is over.</summary>
internal sealed class ScriptThread
{
    private readonly SeededScheduler _scheduler; // immutable
    private readonly SimulatedThread _thread; // Guarded by: the baton

    public ScriptThread(SeededScheduler scheduler, string name)
    {
        _scheduler = scheduler;
        _thread = new SimulatedThread(name);
    }

    /// <summary>Loads bytes of one page.</summary>
    public TouchOutcome Load(SimulatedMemory memory, long page, int offset, Span<byte> destination)
    {
        while (true)
        {
            _scheduler.Yield();
            var outcome = memory.TryLoad(_thread, page, offset, destination);
            if (outcome != TouchOutcome.Waits)
            {
                return outcome;
            }

            AwaitWake();
        }
    }

    /// <summary>Stores bytes to one page.</summary>
    public TouchOutcome Store(SimulatedMemory memory, long page, int offset, ReadOnlySpan<byte> source)
    {
        while (true)
        {
            _scheduler.Yield();
            var outcome = memory.TryStore(_thread, page, offset, source);
            if (outcome != TouchOutcome.Waits)
            {
                return outcome;
            }

            AwaitWake();
        }
    }

    /// <summary>Loads one word; it must succeed.</summary>
    public long LoadWord(SimulatedMemory memory, long page, int offset)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        Assert.Equal(TouchOutcome.Done, Load(memory, page, offset, bytes));
        return BitConverter.ToInt64(bytes);
    }

    /// <summary>Stores one word; it must succeed.</summary>
    public void StoreWord(SimulatedMemory memory, long page, int offset, long value)
    {
        Assert.Equal(TouchOutcome.Done, Store(memory, page, offset, BitConverter.GetBytes(value)));
    }

    private void AwaitWake() => _scheduler.WaitUntil(() => !_thread.IsWaiting, $"the fault of {_thread.Name}");
}
