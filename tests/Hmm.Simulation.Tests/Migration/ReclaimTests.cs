// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Core.Policies;
using Hmm.Core.Virtual;
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Migration;

/// <summary>How much leaves at a time, and on whose thread.</summary>
public sealed class ReclaimTests
{
    private const int Pages = 4096;
    private const int StreamStart = 4000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AFaultThatIsAloneMakesRoomFirst(bool alone) => Play((host, range, thread) =>
    {
        var budget = host.Manager.Budget;
        Fill(host, range, thread, budget.DirectWatermark - 1);
        Assert.Equal(0, range.Range.Statistics.EvictedPages);
        Fault(host, range, thread, Pages - 1, alone);
        var missing = budget.HighWatermark - (budget.DirectWatermark - 1);
        Assert.Equal(alone ? missing : 0, range.Range.Statistics.EvictedPages);
        Assert.Equal(TouchOutcome.Done, Touch(range, thread, Pages - 1));
    });

    [Fact]
    public void AFaultMakesNoRoomWhereThereIsEnough() => Play(static (host, range, thread) =>
    {
        Fill(host, range, thread, host.Manager.Budget.DirectWatermark);
        Fault(host, range, thread, Pages - 1, alone: true);
        Assert.Equal(0, range.Range.Statistics.EvictedPages);
    });

    [Fact]
    public void AStreamLeavesItToTheThreadThatReclaims() => Play(static (host, range, thread) =>
    {
        Fill(host, range, thread, host.Manager.Budget.DirectWatermark - 1);
        Fault(host, range, thread, StreamStart, alone: false);
        var before = range.Range.Statistics.FilledPages;
        Fault(host, range, thread, StreamStart + 1, alone: true);
        Assert.True(range.Range.Statistics.FilledPages > before + 1, "no stream was seen");
        Assert.Equal(0, range.Range.Statistics.EvictedPages);
    });

    [Fact]
    public void ATurnOfLargePagesTakesWhatIsShortAndNoMore() =>
        Scenario.Run(new HostSettings { BudgetBytes = 8 << 20, RoomFrames = 2048, DeviceFrames = [8192] },
            static (host, script) =>
    {
        const int PageFrames = 16;
        const int LargePages = 300;
        var range = host.Open(RangeKind.Anonymous, LargePages, pageShift: 16);
        var least = long.MaxValue;
        for (var page = 0; page < LargePages; page++)
        {
            // At random, or a stream would have others brought along.
            script.StoreWord(range.Memory, page * 7919 % LargePages, 0, page + 1);
            least = page < LargePages / 2 ? least : Math.Min(least, range.Range.Statistics.ResidentPages);
        }

        // Twice what reclaim keeps free: some may be on their way out when the last step is taken.
        var kept = host.Manager.Budget.Limit - (2 * host.Manager.Budget.HighWatermark);
        Assert.InRange(least * PageFrames, kept, host.Manager.Budget.Limit);
    });

    [Fact]
    public void OneStepIsTakenAtATime() => Play(static (host, range, thread) =>
    {
        Fill(host, range, thread, host.Manager.Budget.DirectWatermark - 1);
        var trace = new SteppingTrace(host.Manager.Evictor);
        host.Manager.Trace = trace;
        Assert.Equal(ReclaimOutcome.Progress, host.Manager.Evictor.Step());
        host.Manager.Trace = null;

        // Whoever comes while a step is under way waits for its end, or goes on to serve its fault.
        Assert.Equal(1, trace.Depth);
        Assert.All(trace.Outcomes, static outcome => Assert.Equal(ReclaimOutcome.WaitForProgress, outcome));
        Assert.Equal(ReclaimOutcome.Enough, host.Manager.Evictor.Step());
    });

    private static void Play(Action<SimulatedHost, SimulatedRange, SimulatedThread> story)
    {
        using var pool = new NativePool();
        using var scheduler = new SeededScheduler();
        scheduler.Begin(1, 0);
        using var host = new SimulatedHost(scheduler, pool, new HostSettings());
        var range = host.Open(RangeKind.Anonymous, Pages);
        try
        {
            story(host, range, new SimulatedThread("toucher"));
        }
        finally
        {
            host.Close(range);
        }

        host.VerifyEmpty();
    }

    /// <summary>Touches pages below the stream's, at random, until so many frames are free.</summary>
    private static void Fill(SimulatedHost host, SimulatedRange range, SimulatedThread thread, long free)
    {
        var random = new SeededRandom(1);
        while (host.Manager.Budget.Free > free)
        {
            Fault(host, range, thread, random.Next(StreamStart), alone: false);
        }

        Assert.Equal(free, host.Manager.Budget.Free);
    }

    private static void Fault(SimulatedHost host, SimulatedRange range, SimulatedThread thread, long page, bool alone)
    {
        if (Touch(range, thread, page) == TouchOutcome.Done)
        {
            return; // It came along.
        }

        Span<FaultMessage> messages = new FaultMessage[1];
        Assert.Equal(1, host.Kernel.Read(messages));
        host.Manager.Faults.Handle(
            messages[0].Space, messages[0].Address, messages[0].Write, messages[0].WriteProtect, alone: alone);
        Assert.False(thread.IsWaiting);
    }

    private static TouchOutcome Touch(SimulatedRange range, SimulatedThread thread, long page)
    {
        Span<byte> word = stackalloc byte[8];
        return range.Memory.TryLoad(thread, page, 0, word);
    }

    /// <summary>Tries to step while pages leave.</summary>
    private sealed class SteppingTrace(Evictor evictor) : IPageTrace
    {
        private int _depth;

        public int Depth { get; private set; }

        public List<ReclaimOutcome> Outcomes { get; } = [];

        public void Evicted(PageToken first, int count)
        {
            Depth = Math.Max(Depth, ++_depth);
            Outcomes.Add(evictor.Step());
            evictor.StepDirectly();
            _depth--;
        }

        public void Faulted(PageToken page, bool write, bool writeProtect, uint thread)
        {
        }

        public void Filled(PageToken first, int count, bool writable, bool prefetched)
        {
        }

        public void Dropped(PageToken first, int count)
        {
        }

        public void Opened(MemoryRange range)
        {
        }

        public void Closed(MemoryRange range)
        {
        }
    }
}
