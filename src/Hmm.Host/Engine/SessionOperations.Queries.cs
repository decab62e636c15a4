// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <content>
/// What people look at. Every list is taken anew for each part of a long answer and the cursor counts into it, so a
/// list that changes meanwhile may show an entry twice or not at all, and never anything that is not there.
/// </content>
internal sealed partial class SessionOperations
{
    /// <inheritdoc/>
    public Statistics Statistics(StatisticsScope scope, ulong rangeId)
    {
        var sum = default(StatisticsSum);
        switch (scope)
        {
            case StatisticsScope.Range:
                AddOpen(ref sum, _ranges[rangeId].Range);
                break;
            case StatisticsScope.Session:
                AddTo(ref sum);
                break;
            default:
                foreach (var session in _engine.Sessions)
                {
                    session.AddTo(ref sum);
                }

                break;
        }

        return sum.ToStatistics(_engine.Manager.Budget.Limit);
    }

    /// <inheritdoc/>
    public PageDescription Describe(ulong rangeId, long page)
    {
        var range = _ranges[rangeId].Range;
        var entry = range.Table.Read(page);
        return new PageDescription
        {
            RangeId = rangeId,
            Page = (ulong)page,
            Address = range.BaseAddress + ((ulong)page << range.PageShift),
            Pfn = entry.HasFrame ? entry.Frame.Value : ulong.MaxValue,
            State = CodeOf(entry),
            Pins = (uint)entry.Pins,
            Error = ErrorOf(range, page, entry),
            PageShift = (uint)range.PageShift,
            Device = FixedName.Truncate(entry.HasFrame ? _engine.Devices.NameOf(entry.Frame) : string.Empty),
        };
    }

    /// <inheritdoc/>
    public void Residency(
        ulong rangeId, long firstPage, long pageCount, Span<ResidencyCell> cells, CancellationToken connectionEnded)
    {
        var range = _ranges[rangeId].Range;
        for (var i = 0; i < cells.Length; i++)
        {
            var first = firstPage + (long)((Int128)pageCount * i / cells.Length);
            var end = firstPage + (long)((Int128)pageCount * (i + 1) / cells.Length);
            cells[i] = PageCensus.Of(range, first, Math.Max(end, first + 1)).ToCell(Math.Max(end - first, 1));
        }
    }

    /// <inheritdoc/>
    public int QueryResources(ref ulong cursor, Span<ResourceRecord> records) =>
        Fill(_engine.Physical.Resources.Walk(), ref cursor, records, static entry => new ResourceRecord
        {
            Start = entry.Resource.Start,
            LengthBytes = entry.Resource.SizeBytes,
            Kind = entry.Resource.Kind,
            Depth = (uint)entry.Depth,
            Name = FixedName.Truncate(entry.Resource.Name),
        });

    /// <inheritdoc/>
    public int QueryDevices(ref ulong cursor, Span<DeviceRecord> records) =>
        Fill(_engine.Devices.Snapshot(), ref cursor, records, static device =>
        {
            var counts = device.Memory.Statistics;
            return new DeviceRecord
            {
                SizeBytes = counts.FramesTotal << Pfn.Shift,
                UsedBytes = counts.FramesUsed << Pfn.Shift,
                BytesRead = (ulong)device.Memory.PageMap.Copies.FramesRead << Pfn.Shift,
                BytesWritten = (ulong)device.Memory.PageMap.Copies.FramesWritten << Pfn.Shift,
                Errors = (ulong)device.Memory.PageMap.Copies.Errors,
                InFlight = (ulong)device.Memory.PageMap.Copies.InFlight,
                State = device.State == LifetimeState.Live && device.Memory.PageMap.Copies.IsOverdue
                    ? LifetimeState.Failing
                    : device.State,
                Type = device.Memory.PageMap.Type,
                Name = FixedName.Truncate(device.Name),
                Driver = FixedName.Truncate(device.Driver),
                Detail = FixedName.Truncate(device.Detail),
            };
        });

    /// <inheritdoc/>
    public int QueryPageMaps(ref ulong cursor, Span<PageMapRecord> records) =>
        Fill(SpansOf(_engine.Physical.PageMaps.Snapshot()), ref cursor, records, static span => new PageMapRecord
        {
            Start = span.Resource.Start,
            LengthBytes = span.Resource.SizeBytes,
            FramesUsed = span.Map.Statistics.FramesUsed,
            FramesFree = span.Map.FramesTotal - span.Map.Statistics.FramesUsed,
            References = (ulong)span.Map.Reference.Count,
            Type = span.Map.Type,
            State = span.Map.IsDying ? LifetimeState.Draining : LifetimeState.Live,
            Device = FixedName.Truncate(span.Map.Name),
            Owner = FixedName.Truncate(span.Map.Owner.ToString() ?? string.Empty),
        });

    /// <inheritdoc/>
    public int QueryRanges(bool everySession, ref ulong cursor, Span<RangeRecord> records)
    {
        var sessions = everySession ? _engine.Sessions : [this];
        var ranges = sessions.SelectMany(static session => session.Ranges.Select(range => (session, range))).ToList();
        return Fill(ranges, ref cursor, records, static pair =>
        {
            var (session, client) = pair;
            var range = client.Range;
            var census = PageCensus.Of(range, 0, range.PageCount);
            return new RangeRecord
            {
                SessionId = session.Id,
                RangeId = client.Id,
                BaseAddress = range.BaseAddress,
                LengthBytes = range.LengthBytes,
                ResidentPages = (ulong)census.Resident << range.PageOrder,
                DirtyPages = (ulong)census.Dirty << range.PageOrder,
                PinnedPages = (ulong)census.Pinned << range.PageOrder,
                DevicePages = (ulong)census.WithFrame << range.PageOrder,
                Faults = (ulong)range.Statistics.Faults,
                ProcessId = (uint)session.Peer.ProcessId,
                Kind = range.Kind,
                PageShift = (uint)range.PageShift,
                Advice = range.Advice,
                Name = FixedName.Truncate(range.Name),
            };
        });
    }

    private Errno ErrorOf(MemoryRange range, long page, PageEntry entry)
    {
        if (entry.State != PageState.Poisoned)
        {
            return Errno.None;
        }

        return _engine.Manager.Filler.IsStarved(range.TokenOf(page)) ? Errno.ENOMEM : Errno.EIO;
    }

    private static PageStateCode CodeOf(PageEntry entry) => entry.State switch
    {
        PageState.Absent => entry.HasFrame ? PageStateCode.OnDevice : PageStateCode.Absent,
        PageState.Busy => PageStateCode.Filling,
        PageState.Clean => PageStateCode.Clean,
        PageState.Dirty => PageStateCode.Dirty,
        PageState.Evicting => PageStateCode.Evicting,
        PageState.Migrating => PageStateCode.Migrating,
        _ => PageStateCode.Poisoned,
    };

    private static int Fill<TItem, TRecord>(
        IReadOnlyList<TItem> items, ref ulong cursor, Span<TRecord> records, Func<TItem, TRecord> describe)
    {
        var first = (int)Math.Min(cursor, (ulong)items.Count);
        var count = Math.Min(items.Count - first, records.Length);
        for (var i = 0; i < count; i++)
        {
            records[i] = describe(items[first + i]);
        }

        cursor = first + count < items.Count ? (ulong)(first + count) : 0;
        return count;
    }

    private static List<(PageMap Map, Resource Resource)> SpansOf(IReadOnlyList<PageMap> maps) =>
        [.. maps.SelectMany(static map => map.Spans.Select(span => (map, span)))];

    private static void AddOpen(ref StatisticsSum sum, MemoryRange range)
    {
        sum.Add(range);
        sum.AddContents(range);
    }

    private void AddTo(ref StatisticsSum sum)
    {
        foreach (var range in Ranges)
        {
            AddOpen(ref sum, range.Range);
        }

        sum.AddHints(Volatile.Read(ref _hints), HintsDropped);
        lock (_gate)
        {
            sum.Add(_closed);
        }
    }
}
