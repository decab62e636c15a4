// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Migration;
using Hmm.Core.Physical;
using Hmm.Core.Virtual;
using Hmm.Simulation.Tests.Devices;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Hosting;

/// <summary>
/// A host around the core, as <c>Hmm.Host</c> is one, with a simulated kernel below it and simulated devices: threads
/// that read fault messages, one that reclaims, those of the devices, and sessions that open and close ranges.
/// </summary>
/// <remarks>
/// Threads: set up and verified by the test's thread; in between by actors.
/// Invariant, when quiet: the budget's reservations == frames present in the kernel + the test's ballast; frames used
/// on devices == entries that name one; a page that is resident has a token in the queue.
/// </remarks>
internal sealed class SimulatedHost : IDisposable
{
    // What an aligned span of addresses for one range is: more than any test's range is long.
    private const ulong RangeSpacing = 1UL << 32;

    private const int MessagesMax = 4;

    // Where seven writes in ten fail, fifty in a row do so once in 60 million runs.
    private const int StuckTriesMax = 50;

    // Far more than the queue is long, or an application's threads can cause without being run.
    private const int StepsMax = 100_000;

    private readonly HostSettings _settings; // immutable
    private readonly NativePool _pool; // immutable
    private readonly long _ballastFrames; // immutable
    private readonly List<SimulatedRange> _ranges = []; // Guarded by: the baton
    private bool _reclaimNeeded; // Guarded by: the baton
    private bool _reclaiming; // Guarded by: the baton
    private bool _prefetchNeeded; // Guarded by: the baton
    private bool _prefetching; // Guarded by: the baton
    private int _stuckTries; // Guarded by: the baton
    private bool _ticking; // Guarded by: the baton
    private int _tickPermille; // Guarded by: the baton
    private bool _stopping; // Guarded by: the baton
    private int _busy; // Guarded by: the baton
    private ulong _nextAddress = RangeSpacing; // Guarded by: the baton

    public SimulatedHost(SeededScheduler scheduler, NativePool pool, HostSettings settings)
    {
        Scheduler = scheduler;
        _pool = pool;
        _settings = settings;
        _tickPermille = settings.TickPermille;
        Physical = new PhysicalMemory(1 << 30);
        Manager = new MemoryManager(new MemoryManagerOptions
        {
            BudgetBytes = settings.BudgetBytes,
            Physical = Physical,
            OverdraftFrames = settings.OverdraftFrames,
            ReclaimNeeded = OnReclaimNeeded,
            PrefetchNeeded = OnPrefetchNeeded,
            Progress = new SimulatedProgress(scheduler),
            Mutant = settings.Mutant,
            RacePoint = scheduler.YieldInside,
        });
        _ballastFrames = Manager.Budget.Limit - settings.RoomFrames;
        Assert.True(Manager.Budget.TryReserve(_ballastFrames));
        Kernel = new SimulatedKernel(scheduler, settings.RoomFrames + settings.OverdraftFrames);
        Space = Manager.CreateAddressSpace("application");
        if (settings.CoherentFrames > 0)
        {
            AddDevice("coherent", settings.CoherentFrames, coherent: true);
        }

        for (var i = 0; i < settings.DeviceFrames.Length; i++)
        {
            AddDevice($"private {i}", settings.DeviceFrames[i], coherent: false);
        }

        scheduler.Describe = Describe;
    }

    public SeededScheduler Scheduler { get; }

    public PhysicalMemory Physical { get; }

    public MemoryManager Manager { get; }

    public SimulatedKernel Kernel { get; }

    public AddressSpace Space { get; }

    /// <summary>Devices that take evicted pages, in the order of placement.</summary>
    public List<SimulatedDevice> Devices { get; } = [];

    /// <summary>All devices, files too.</summary>
    public List<SimulatedDevice> Media { get; } = [];

    /// <summary>Faults that failed for want of DRAM.</summary>
    public int StarvedCount { get; private set; }

    /// <summary>Copies that missed their deadline.</summary>
    public int LateCount { get; private set; }

    public IReadOnlyList<SimulatedRange> Ranges => _ranges;

    public SimulatedDevice AddDevice(string name, int frames, bool coherent)
    {
        var device = new SimulatedDevice(Scheduler, _pool, Physical, name, frames, coherent);
        Devices.Add(device);
        Media.Add(device);
        Manager.Placement.Add(device.Memory);
        return device;
    }

    /// <summary>Makes a device for pages of persistent ranges alone.</summary>
    public SimulatedDevice AddStore(int frames)
    {
        var device = new SimulatedDevice(Scheduler, _pool, Physical, $"store {Media.Count}", frames, coherent: false);
        Media.Add(device);
        return device;
    }

    /// <summary>Makes a file of random bytes that ranges can map.</summary>
    public SimulatedFile AddFile(int pages, int pageShift)
    {
        var device = new SimulatedDevice(
            Scheduler, _pool, Physical, $"file {Media.Count}", pages << (pageShift - Pfn.Shift), coherent: false);
        Media.Add(device);
        return new SimulatedFile(device, pages, pageShift, Scheduler.Random);
    }

    /// <summary>Brings in what was asked for, as far as it gets; for tests that have no actors.</summary>
    public void PrefetchAll()
    {
        while (Manager.Prefetcher.Step() == PrefetchOutcome.Progress)
        {
        }
    }

    /// <summary>Opens a range, as a session does.</summary>
    public SimulatedRange Open(
        RangeKind kind,
        int pages,
        int pageShift = 12,
        SimulatedFile? file = null,
        bool allowExisting = false,
        long minFrames = 0,
        long maxFrames = 0,
        ErrorPolicy errors = ErrorPolicy.Poison,
        SimulatedDevice? store = null)
    {
        var address = _nextAddress;
        _nextAddress += RangeSpacing;
        var memory = new SimulatedMemory(
            Kernel, _pool, $"range at 0x{address:x}", address, pages, pageShift) { AllowExisting = allowExisting };
        var range = Space.CreateRange(
            new MemoryRangeOptions
            {
                Name = memory.Name,
                Kind = kind,
                BaseAddress = address,
                PageCount = pages,
                PageShift = pageShift,
                MinFrames = minFrames,
                MaxFrames = maxFrames,
                ErrorPolicy = errors,
                TableMemory = _pool.RentZeroed((long)PageTable.SizeBytes(pages)),
                Home = file?.Home,
                Store = store?.Memory,
            },
            memory);
        memory.Register(Space);
        var opened = new SimulatedRange(range, memory, file);
        _ranges.Add(opened);
        return opened;
    }

    /// <summary>Closes a range, as a session does: the core first, then the descriptors.</summary>
    public void Close(SimulatedRange range)
    {
        Space.CloseRange(range.Range);
        range.Memory.Close();
        _ranges.Remove(range);
    }

    /// <summary>Adds the host's threads to the run.</summary>
    public void SpawnServices()
    {
        for (var i = 0; i < _settings.ThreadCount; i++)
        {
            Scheduler.Spawn($"host {i}", Serve);
        }
    }

    /// <summary>Waits, as an actor, until no message, copy or step is under way.</summary>
    public void WaitQuiet() => Scheduler.WaitUntil(IsQuiet, "quiet");

    /// <summary>Stops the host's clock: no deadline passes from here on, and nobody who sleeps is woken.</summary>
    public void StopClock() => _tickPermille = 0;

    /// <summary>The host's clock strikes, as an actor.</summary>
    public void Tick(int times)
    {
        Scheduler.WaitUntil(() => !_ticking, "the clock");
        _ticking = true;
        for (var i = 0; i < times; i++)
        {
            LateCount += Manager.Deadlines.Tick();
        }

        _ticking = false;
    }

    /// <summary>Ends the host's threads; the caller made sure that everything is quiet.</summary>
    public void Stop() => _stopping = true;

    /// <summary>Checks everything that holds when nothing is under way.</summary>
    public void VerifyQuiet()
    {
        var resident = 0L;
        var framesNamed = 0L;
        var framesOfStores = 0L; // which hold checkpoints besides
        var pinned = 0L;
        foreach (var range in _ranges)
        {
            ref var frames = ref range.Range.Store is null ? ref framesNamed : ref framesOfStores;
            resident += range.VerifyQuiet(ref frames, ref pinned);
        }

        var queues = _ranges.Select(static range => range.Range.Queue).Append(Manager.Queue).Distinct();
        Assert.Equal(_ranges.Sum(static range => range.QueuedPages), queues.Sum(static queue => queue.Count));
        Assert.Equal(Kernel.ResidentFrames, resident);
        Assert.Equal(resident + _ballastFrames, Manager.Budget.Reserved);
        Assert.Equal(framesNamed, Devices.Sum(static device => (long)device.Memory.Statistics.FramesUsed));
        Assert.Equal(pinned, Manager.Pins.Pinned);
        Assert.Equal(0, Manager.Evictor.InFlightFrames);
        Assert.Equal(0, Manager.Migrator.InFlight);
        Assert.Equal(0, Manager.Filler.Waiters.Count);
        Assert.DoesNotContain(Media, static device => device.Memory.PageMap.Copies.IsOverdue);
        Assert.Equal(0, Kernel.SleeperCount);
        Assert.True(Manager.Budget.Peak <= Manager.Budget.Limit + Manager.Budget.Overdraft);
    }

    /// <summary>Closes what is open, checks that every count is back at zero, and removes the devices.</summary>
    public void VerifyEmpty()
    {
        Assert.Equal(0, Manager.Ranges.Count);
        Assert.Equal(0, Space.Ranges.Length);
        Assert.Equal(0, Kernel.ResidentFrames);
        Assert.Equal(_ballastFrames, Manager.Budget.Reserved);
        Assert.Equal(0, Manager.Pins.Pinned);
        Assert.Equal(0, Manager.Filler.Waiters.Count);
        Assert.Equal(0, Manager.Evictor.InFlightFrames);
        foreach (var device in Devices)
        {
            Assert.Equal(0UL, device.Memory.Statistics.FramesUsed);
            Assert.Equal(0, device.Memory.Statistics.References);
        }
    }

    public void Dispose()
    {
        Manager.Dispose();
        if (!Scheduler.HasFailed)
        {
            foreach (var device in Media)
            {
                device.Device.Remove();
            }
        }
    }

    private void OnReclaimNeeded()
    {
        _reclaimNeeded = true;
        Scheduler.Yield();
    }

    private void OnPrefetchNeeded()
    {
        _prefetchNeeded = true;
        Scheduler.Yield();
    }

    private bool HasJob => Kernel.UnreadCount > 0 || CanReclaim || CanPrefetch || HasCopies
        || (_tickPermille > 0 && !_ticking && Manager.Filler.SleeperCount > 0);

    private bool CanPrefetch => _prefetchNeeded && !_prefetching;

    private bool CanReclaim => _reclaimNeeded && !_reclaiming;

    private bool HasCopies => Media.Exists(static device => device.HasPending && !device.IsHeld);

    private bool IsQuiet() =>
        _busy == 0 && !_reclaimNeeded && !_reclaiming && !_prefetchNeeded && !_prefetching && Kernel.UnreadCount == 0
            && Media.TrueForAll(static device => device.PendingCount == 0) && Manager.Filler.SleeperCount == 0;

    /// <summary>
    /// A thread of the host. Any of them does whatever is to be done, as if it were the reader of faults, the reclaimer
    /// or a device's: which thread runs a job matters to nobody, and so most jobs need no switch of threads.
    /// </summary>
    private void Serve()
    {
        var messages = new FaultMessage[MessagesMax];
        while (true)
        {
            Scheduler.WaitUntil(() => HasJob || _stopping, "jobs", isSpare: true);
            if (_stopping)
            {
                return;
            }

            _busy++;
            if (!_ticking && Scheduler.Random.Chance(_tickPermille))
            {
                Tick(Scheduler.Random.Between(1, Deadlines.TicksPerDeadline));
            }

            switch (Scheduler.Random.Next(4))
            {
                case 0 when Kernel.UnreadCount > 0:
                    HandleFaults(messages);
                    break;
                case 1 when CanReclaim:
                    Reclaim();
                    break;
                case 2 when HasCopies:
                    CompleteOne();
                    break;
                case 3 when CanPrefetch:
                    Prefetch();
                    break;
            }

            _busy--;
        }
    }

    private void HandleFaults(FaultMessage[] messages)
    {
        // In batches, as a read of the descriptor gives them: the last ones are old by the time they are looked at.
        var count = Kernel.Read(messages.AsSpan(0, Scheduler.Random.Between(1, messages.Length)));
        foreach (var message in messages.AsSpan(0, count))
        {
            Scheduler.Yield();
            Manager.Faults.Handle(
                message.Space, message.Address, message.Write, message.WriteProtect, alone: count == 1);
        }
    }

    private void CompleteOne()
    {
        var start = Scheduler.Random.Next(Media.Count);
        for (var i = 0; i < Media.Count; i++)
        {
            var device = Media[(start + i) % Media.Count];
            if (!device.IsHeld && device.CompleteOne())
            {
                return;
            }
        }
    }

    private void Prefetch()
    {
        _prefetching = true;
        _prefetchNeeded = false;
        while (Manager.Prefetcher.Step() == PrefetchOutcome.Progress)
        {
            Scheduler.Yield();
        }

        _prefetching = false;
    }

    private void Reclaim()
    {
        _reclaiming = true;
        _reclaimNeeded = false;
        _stuckTries = RunSteps(_stuckTries);
        _reclaiming = false;
    }

    /// <summary>Steps until reclaim can rest; returns how often in a row it was stuck.</summary>
    private int RunSteps(int tries)
    {
        for (var steps = 0; ; steps++)
        {
            if (steps > StepsMax)
            {
                Scheduler.Fail($"reclaim took {StepsMax} steps and found no end");
            }

            var epoch = Manager.Progress.Epoch;
            switch (Manager.Evictor.Step())
            {
                case ReclaimOutcome.Progress:
                    tries = 0;
                    Scheduler.Yield();
                    break;
                case ReclaimOutcome.Stuck when _settings.StarvePermille > 0
                    && Scheduler.Random.Chance(_settings.StarvePermille):
                    StarvedCount += Manager.Filler.FailWaiters();
                    break;
                case ReclaimOutcome.Stuck when Manager.Filler.Waiters.Count > 0 || Manager.Filler.StarvedCount > 0:
                    // "Later" is when nobody else can do anything: a timer that is as late as can be.
                    _busy--;
                    Scheduler.WaitUntilIdle("a timer, being stuck");
                    _busy++;
                    if (++tries > StuckTriesMax)
                    {
                        if (!_settings.AllowStarving && Manager.Filler.Waiters.Count > 0)
                        {
                            Scheduler.Fail("faults wait for DRAM that never comes");
                        }

                        StarvedCount += Manager.Filler.FailWaiters();
                        return 0;
                    }

                    break;
                case ReclaimOutcome.WaitForProgress:
                    _busy--;
                    Manager.Progress.Wait(epoch);
                    _busy++;
                    break;
                case ReclaimOutcome.Enough:
                    if (!Manager.Migrator.MakeRoom())
                    {
                        Manager.Evictor.CleanAhead();
                        return 0;
                    }

                    Scheduler.Yield();
                    break;
                default:
                    return tries;
            }
        }
    }

    private string Describe()
    {
        var text = Kernel.Describe();
        text += $"  host: {Manager.Budget.Reserved} of {Manager.Budget.Limit} frames reserved, "
            + $"{_ballastFrames} of them ballast; "
            + $"{Manager.Queue.Count} tokens, {Manager.Filler.Waiters.Count} waiters, "
            + $"{Manager.Evictor.InFlightFrames} frames in flight{Environment.NewLine}";
        foreach (var device in Media)
        {
            text += $"  {device.Device.Name}: {device.Memory.Statistics.FramesUsed} of "
                + $"{device.Memory.Statistics.FramesTotal} frames used, "
                + $"{device.PendingCount} copies pending, {device.ErrorCount} failed{Environment.NewLine}";
        }

        return text + string.Concat(_ranges.Select(static range => range.Describe()));
    }
}
