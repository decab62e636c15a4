// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Core.Policies;
using Hmm.Core.Virtual;

namespace Hmm.Core.Migration;

/// <summary>
/// The memory manager of one host: what every part of it shares. It has no threads: faults, completions and requests
/// come on the host's, and one thread of the host runs <see cref="Evictor"/>'s steps when it is told to.
/// </summary>
internal sealed class MemoryManager : IDisposable
{
    private readonly Action _reclaimNeeded; // immutable
    private readonly Action _prefetchNeeded; // immutable
    private IPageTrace? _trace; // Guarded by: atomic

    /// <summary>Creates a memory manager without devices and ranges.</summary>
    public MemoryManager(MemoryManagerOptions options)
    {
        Physical = options.Physical;
        Progress = options.Progress;
        Mutant = options.Mutant;
        RacePoint = options.RacePoint;
        _reclaimNeeded = options.ReclaimNeeded;
        _prefetchNeeded = options.PrefetchNeeded;
        Budget = new DramBudget(options.BudgetBytes, options.OverdraftFrames);
        Queue = new ResidentQueue(new ThreeQueuePolicy(Budget.Limit));
        Shares = new Shares(Budget);
        Pins = new PinBudget(Budget.Limit / 2);
        Deadlines = new Deadlines(this);
        Filler = new Filler(this);
        Prefetcher = new Prefetcher(this);
        Evictor = new Evictor(this);
        Physical.CopyBuffers = [Filler.Buffers, Evictor.Buffers];
        foreach (var buffers in Physical.CopyBuffers)
        {
            options.PreferLargePages(buffers.Address, (nuint)buffers.SizeBytes * (nuint)buffers.Count);
        }

        Faults = new FaultHandler(this);
        Operations = new RangeOperations(this);
        Checkpoints = new Checkpointer(this);
        Evacuator = new Evacuator(this);
        Migrator = new Migrator(this);
    }

    /// <summary>The physical address space.</summary>
    public PhysicalMemory Physical { get; }

    /// <summary>The DRAM that ranges may use.</summary>
    public DramBudget Budget { get; }

    /// <summary>The order in which pages leave.</summary>
    public ResidentQueue Queue { get; }

    /// <summary>What ranges may, and may always, use of the budget.</summary>
    public Shares Shares { get; }

    /// <summary>Which device takes them.</summary>
    public Placement Placement { get; } = new();

    /// <summary>All ranges, by id.</summary>
    public RangeIndex Ranges { get; } = new();

    /// <summary>The DRAM that may be pinned.</summary>
    public PinBudget Pins { get; }

    /// <summary>How control operations wait for pages.</summary>
    public Progress Progress { get; }

    /// <summary>What happens on a fault.</summary>
    public FaultHandler Faults { get; }

    /// <summary>The way in.</summary>
    public Filler Filler { get; }

    /// <summary>What comes in ahead of need.</summary>
    public Prefetcher Prefetcher { get; }

    /// <summary>The way out.</summary>
    public Evictor Evictor { get; }

    /// <summary>What an application asks for.</summary>
    public RangeOperations Operations { get; }

    /// <summary>How a persistent range is made durable.</summary>
    public Checkpointer Checkpoints { get; }

    /// <summary>How a device goes.</summary>
    public Evacuator Evacuator { get; }

    /// <summary>How pages move between devices.</summary>
    public Migrator Migrator { get; }

    /// <summary>How long a device may take.</summary>
    public Deadlines Deadlines { get; }

    /// <summary>Who writes down what happens to pages; null: nobody. May change at any time.</summary>
    public IPageTrace? Trace
    {
        get => Volatile.Read(ref _trace);
        set => Volatile.Write(ref _trace, value);
    }

    /// <summary>A broken variant, in tests that must fail.</summary>
    public Mutant Mutant { get; }

    /// <summary>Where a simulation lets other threads in; null in a host.</summary>
    public Action? RacePoint { get; }

    /// <summary>Makes an empty address space.</summary>
    public AddressSpace CreateAddressSpace(string name) => new(this, name);

    /// <inheritdoc/>
    public void Dispose()
    {
        Filler.Dispose();
        Evictor.Dispose();
        Migrator.Dispose();
    }

    /// <summary>
    /// The largest prefetch window, in pages: 1/32 of the budget, or of the range's maximum. A stream has two windows
    /// ahead of it, and what came in last, a tenth, does not leave.
    /// </summary>
    internal long AheadPagesMax(int pageShift, long maxFrames) =>
        (maxFrames == 0 ? Budget.Limit : Math.Min(Budget.Limit, maxFrames)) / 32 >> (pageShift - Pfn.Shift);

    internal void ReclaimNeeded() => _reclaimNeeded();

    internal void PrefetchNeeded() => _prefetchNeeded();

    /// <summary>The page map of a frame that a page table names: the page's reference keeps it alive.</summary>
    internal PageMap PageMapOf(Pfn frame) => Physical.PageMaps.OwnerOf(frame);

    /// <summary>Drops a page's reference of its frames.</summary>
    internal void PutFrames(Pfn first, int count) => PageMapOf(first).Put(first, count);

    /// <summary>
    /// Gives up a clean page's frame: it counts as dirty from now on, and its first write lifts its protection. False:
    /// it has changed.
    /// </summary>
    internal bool TryForget(MemoryRange range, long page, PageEntry entry)
    {
        if (!range.Table.TryTransition(page, entry, entry.In(PageState.Busy)))
        {
            return false;
        }

        var pending = range.Table.Publish(page, range.Table.Read(page).In(PageState.Dirty).WithoutFrame());
        Announce(range, page, 1, pending);
        PutFrames(entry.Frame, range.FramesPerPage);
        return true;
    }

    /// <summary>
    /// The last step of every change of pages, after they were published: wakes the application's threads that wait for
    /// them, if any do, and lets control operations look again.
    /// </summary>
    internal void Announce(MemoryRange range, long first, int count, bool pending)
    {
        if (pending)
        {
            range.Memory.Wake(first, count);
        }

        Progress.Signal();
    }

    /// <summary>Drops a reference of a range; whoever closes it may be waiting for just this one.</summary>
    internal void Leave(MemoryRange range)
    {
        range.Lifetime.Put();
        if (range.Lifetime.IsDying)
        {
            Progress.Signal();
        }
    }
}
