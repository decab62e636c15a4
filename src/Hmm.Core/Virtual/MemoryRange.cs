// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Migration;
using Hmm.Core.Physical;
using Hmm.Core.Policies;
using Hmm.Uapi;

namespace Hmm.Core.Virtual;

/// <summary>
/// A span of an application's addresses under management: its page table, the memory behind the seam, and its policy
/// state. Made and closed by its <see cref="AddressSpace"/>; everything that works on its pages holds a reference of
/// <see cref="Lifetime"/> meanwhile, so that closing waits for the last of them.
/// </summary>
internal sealed class MemoryRange
{
    private int _advice; // Guarded by: atomic
    private int _writeError; // Guarded by: atomic
    private int _memoryError; // Guarded by: atomic
    private bool _frozen; // Guarded by: atomic
    private int _cutHeld; // Guarded by: atomic

    internal MemoryRange(
        AddressSpace space,
        uint id,
        MemoryRangeOptions options,
        IUserMemory memory,
        MemoryManager manager)
    {
        Space = space;
        Id = id;
        Name = options.Name;
        Kind = options.Kind;
        BaseAddress = options.BaseAddress;
        PageShift = options.PageShift;
        PageCount = options.PageCount;
        Home = options.Home;
        Store = options.Store;
        ErrorPolicy = options.ErrorPolicy;
        Table = new PageTable(options.TableMemory, options.PageCount, manager.RacePoint);
        Memory = memory;
        Share = new RangeShare(Statistics, PageOrder, options.MinFrames, options.MaxFrames);
        Queue = Share.IsLimited ? new ResidentQueue(new ThreeQueuePolicy(Share.MaxFrames)) : manager.Queue;
        var aheadPagesMax = manager.AheadPagesMax(PageShift, Share.MaxFrames);
        Streams = new StreamDetector(aheadPagesMax);
        WriteRuns = new WriteRuns(PageOrder, aheadPagesMax);
        Lifetime = new LifetimeReference(Name);
    }

    /// <summary>The address space it belongs to.</summary>
    public AddressSpace Space { get; }

    /// <summary>Its number in the host, 1 to <see cref="PageToken.RangeIdMax"/>.</summary>
    public uint Id { get; }

    /// <summary>What people call it.</summary>
    public string Name { get; }

    /// <summary>What stands behind its pages.</summary>
    public RangeKind Kind { get; }

    /// <summary>Its first address in the application.</summary>
    public ulong BaseAddress { get; }

    /// <summary>log2 of its page size, 12 to 21.</summary>
    public int PageShift { get; }

    /// <summary>Its page size in bytes.</summary>
    public long PageSizeBytes => 1L << PageShift;

    /// <summary>Its length in pages.</summary>
    public long PageCount { get; }

    /// <summary>Its length in bytes.</summary>
    public ulong LengthBytes => (ulong)PageCount << PageShift;

    /// <summary>log2 of the frames of one page.</summary>
    public int PageOrder => PageShift - Pfn.Shift;

    /// <summary>The frames of one page.</summary>
    public int FramesPerPage => 1 << PageOrder;

    /// <summary>The mapped file's frames, or null for anonymous memory.</summary>
    public HomeFrames? Home { get; }

    /// <summary>Where the dirty pages of a persistent range go; null for all others.</summary>
    public DeviceMemory? Store { get; }

    /// <summary>What becomes of a thread whose page cannot be had.</summary>
    public ErrorPolicy ErrorPolicy { get; }

    /// <summary>
    /// Whether no page may become writable: a checkpoint takes its cut. Whoever is about to make one writable reads
    /// this once it owns the page; the checkpoint sets it before it looks at the pages. So one sees the other.
    /// </summary>
    public bool IsFrozen
    {
        get => Volatile.Read(ref _frozen);
        set
        {
            Volatile.Write(ref _frozen, value);

            // Store, then load: without the fence the look at a page could come before the flag is seen.
            Interlocked.MemoryBarrier();
        }
    }

    /// <summary>Begins a checkpoint, or what may not run beside one; false: another is under way.</summary>
    public bool TryHoldCut() => Interlocked.CompareExchange(ref _cutHeld, 1, 0) == 0;

    /// <summary>Ends it; the caller signals progress.</summary>
    public void ReleaseCut() => Volatile.Write(ref _cutHeld, 0);

    /// <summary>The state of every page.</summary>
    public PageTable Table { get; }

    /// <summary>The application's memory.</summary>
    public IUserMemory Memory { get; }

    /// <summary>Killed when the range closes; held by whoever works on its pages.</summary>
    public LifetimeReference Lifetime { get; }

    /// <summary>The prefetch policy's state.</summary>
    public StreamDetector Streams { get; }

    /// <summary>What runs its first writes make.</summary>
    public WriteRuns WriteRuns { get; }

    /// <summary>How much of the budget it may, and may always, use.</summary>
    public RangeShare Share { get; }

    /// <summary>The order in which its pages leave: one of its own if it has a maximum, else the host's.</summary>
    public ResidentQueue Queue { get; }

    /// <summary>Counters.</summary>
    public RangeStatistics Statistics { get; } = new();

    /// <summary>What the application said about its accesses.</summary>
    public Advice Advice
    {
        get => (Advice)Volatile.Read(ref _advice);
        set => Volatile.Write(ref _advice, (int)value);
    }

    /// <summary>The token of a page.</summary>
    public PageToken TokenOf(long page) => new(Id, page);

    /// <summary>The page that holds an address of the application.</summary>
    public long PageOf(ulong address) => (long)((address - BaseAddress) >> PageShift);

    /// <summary>Whether the address is one of the range's.</summary>
    public bool Contains(ulong address) => address - BaseAddress < LengthBytes;

    /// <summary>The frame that holds the bytes of an absent page, if any does.</summary>
    public bool TryFrameOf(long page, PageEntry entry, out Pfn frame)
    {
        if (entry.HasFrame)
        {
            frame = entry.Frame;
            return true;
        }

        frame = Home is null ? default : Home.First + (page << PageOrder);
        return Home is not null;
    }

    /// <summary>
    /// Why pages could not be mapped: <see cref="Errno.ESRCH"/>, the application is gone; <see cref="Errno.ENOENT"/>,
    /// it unmapped a part of the range. None while all is well; it never goes back.
    /// </summary>
    public Errno MemoryError => (Errno)Volatile.Read(ref _memoryError);

    /// <summary>Keeps the first error of a write-back until somebody asks (as errseq does for <c>fsync</c>).</summary>
    public void RecordWriteError(Errno error) => Interlocked.CompareExchange(ref _writeError, (int)error, 0);

    /// <summary>Keeps that the application took its memory away; other errors may pass.</summary>
    public void RecordMemoryError(Errno error)
    {
        if (error is Errno.ESRCH or Errno.ENOENT)
        {
            Volatile.Write(ref _memoryError, (int)error);
        }
    }

    /// <summary>Takes the error of the write-backs since the last call.</summary>
    public Errno TakeWriteError() => (Errno)Interlocked.Exchange(ref _writeError, 0);
}
