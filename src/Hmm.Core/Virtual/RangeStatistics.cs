// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Virtual;

/// <summary>
/// Counters of a range, since it was created. Each is atomic; together they are not one moment's
/// picture.
/// </summary>
internal sealed class RangeStatistics
{
    private long _faults; // Guarded by: atomic
    private long _writeProtectFaults; // Guarded by: atomic
    private long _duplicateFaults; // Guarded by: atomic
    private long _filledPages; // Guarded by: atomic
    private long _prefetchedPages; // Guarded by: atomic
    private long _evictedPages; // Guarded by: atomic
    private long _writtenPages; // Guarded by: atomic
    private long _readPages; // Guarded by: atomic
    private long _residentPages; // Guarded by: atomic
    private long _pinnedPages; // Guarded by: atomic
    private long _waits; // Guarded by: atomic
    private long _errors; // Guarded by: atomic

    /// <summary>Messages of touches of absent pages.</summary>
    public long Faults => Volatile.Read(ref _faults);

    /// <summary>Messages of first writes to clean pages.</summary>
    public long WriteProtectFaults => Volatile.Read(ref _writeProtectFaults);

    /// <summary>Messages that found their page already resolved, or being resolved.</summary>
    public long DuplicateFaults => Volatile.Read(ref _duplicateFaults);

    /// <summary>Pages made resident.</summary>
    public long FilledPages => Volatile.Read(ref _filledPages);

    /// <summary>Of these, pages that nobody had touched yet.</summary>
    public long PrefetchedPages => Volatile.Read(ref _prefetchedPages);

    /// <summary>Pages sent out of DRAM.</summary>
    public long EvictedPages => Volatile.Read(ref _evictedPages);

    /// <summary>Pages written to a device.</summary>
    public long WrittenPages => Volatile.Read(ref _writtenPages);

    /// <summary>Pages read from a device.</summary>
    public long ReadPages => Volatile.Read(ref _readPages);

    /// <summary>Pages in DRAM now.</summary>
    public long ResidentPages => Volatile.Read(ref _residentPages);

    /// <summary>Pages pinned now.</summary>
    public long PinnedPages => Volatile.Read(ref _pinnedPages);

    /// <summary>Faults that had to wait for DRAM.</summary>
    public long Waits => Volatile.Read(ref _waits);

    /// <summary>Pages that a device failed to read or write.</summary>
    public long Errors => Volatile.Read(ref _errors);

    internal void CountFault(bool writeProtect) =>
        Interlocked.Increment(ref writeProtect ? ref _writeProtectFaults : ref _faults);

    internal void CountDuplicate() => Interlocked.Increment(ref _duplicateFaults);

    internal void CountFilled(int pages, int prefetched)
    {
        Interlocked.Add(ref _filledPages, pages);
        Interlocked.Add(ref _residentPages, pages);
        if (prefetched > 0)
        {
            Interlocked.Add(ref _prefetchedPages, prefetched);
        }
    }

    internal void CountEvicted(int pages)
    {
        Interlocked.Add(ref _evictedPages, pages);
        CountDiscarded(pages);
    }

    internal void CountDiscarded(long pages) => Interlocked.Add(ref _residentPages, -pages);

    internal void CountWritten(int pages) => Interlocked.Add(ref _writtenPages, pages);

    internal void CountRead(int pages) => Interlocked.Add(ref _readPages, pages);

    internal void CountPinned(int pages) => Interlocked.Add(ref _pinnedPages, pages);

    internal void CountWait() => Interlocked.Increment(ref _waits);

    internal void CountErrors(int pages) => Interlocked.Add(ref _errors, pages);
}
