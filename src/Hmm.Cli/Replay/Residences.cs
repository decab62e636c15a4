// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Host.Tracing;

namespace Hmm.Cli.Replay;

/// <summary>
/// What a trace of faults does not hold: uses of pages while they were in DRAM. A page that the replay evicts while it
/// was in DRAM at the recording is taken to be used again as long after that as it stayed away when it left at the
/// recording. Where uses come at random that is right on average: how long a page goes unused does not depend on when
/// one begins to count. A page that did not come back while it was recorded is given a time by chance, around one that
/// follows from how long it was seen to stay away and, as if it had been seen once more, from all pages together.
/// </summary>
internal sealed class Residences
{
    private readonly List<Residence> _all = []; // immutable after construction
    private readonly Dictionary<int, int> _first = []; // immutable after construction: of a record, its first residence
    private readonly double _meanNs; // immutable: how long a page stays away, of all pages
    private readonly Random _random = new(1); // owner thread
    private readonly Dictionary<ulong, int> _current = []; // owner thread: of a page that was in DRAM at the recording

    internal Residences(TraceLog log)
    {
        var here = new Dictionary<ulong, int>();
        var away = new Dictionary<ulong, int>();
        for (var i = 0; i < log.Records.Count; i++)
        {
            var record = log.Records[i];
            if (IsArrival(record.Kind))
            {
                _first.Add(i, _all.Count);
            }

            for (var page = record.Page; page < record.Page + record.Count; page++)
            {
                Look(page, in record, here, away);
            }
        }

        var endNs = log.Records.Count > 0 ? log.Records[^1].TimeNs : 0;
        _meanNs = MeanOf(away, endNs);
        foreach (var (_, index) in away)
        {
            // Seen once more: not at all in its own time away, and as often as all pages in theirs.
            _all[index] = _all[index] with { MeanNs = endNs - _all[index].UntilNs + _meanNs };
        }
    }

    private Residences(Residences other)
    {
        (_all, _first, _meanNs) = (other._all, other._first, other._meanNs);
    }

    /// <summary>The same, at the start.</summary>
    internal Residences Rewind() => new(this);

    /// <summary>The replay passes a record.</summary>
    internal void Pass(int index, in TraceRecord record)
    {
        if (IsArrival(record.Kind))
        {
            var first = _first[index];
            for (var i = 0; i < record.Count; i++)
            {
                _current[record.Page + (ulong)i] = first + i;
            }
        }
        else if (record.Kind is TraceKind.Evicted or TraceKind.Dropped)
        {
            for (var page = record.Page; page < record.Page + record.Count; page++)
            {
                _current.Remove(page);
            }
        }
    }

    /// <summary>When a page that leaves now would be used again before it left at the recording.</summary>
    internal bool TryNextUse(ulong page, ulong nowNs, out ulong thenNs)
    {
        thenNs = 0;
        if (!_current.TryGetValue(page, out var index))
        {
            return false;
        }

        var residence = _all[index];
        var awayNs = residence.AwayNs;
        if (awayNs == ulong.MaxValue)
        {
            var meanNs = residence.MeanNs > 0 ? residence.MeanNs : _meanNs;
            awayNs = (ulong)Math.Min(-Math.Log(1 - _random.NextDouble()) * meanNs, TraceRecord.TimeNsMax);
        }

        thenNs = nowNs + awayNs;
        return thenNs < residence.UntilNs;
    }

    private static bool IsArrival(TraceKind kind) => kind is TraceKind.Filled or TraceKind.Present;

    private void Look(
        ulong page, in TraceRecord record, Dictionary<ulong, int> here, Dictionary<ulong, int> away)
    {
        var all = CollectionsMarshal.AsSpan(_all);
        switch (record.Kind)
        {
            case TraceKind.Filled or TraceKind.Present:
                EndAway(page, record.TimeNs, away);
                here[page] = _all.Count;
                _all.Add(new Residence(ulong.MaxValue, ulong.MaxValue, 0));
                break;
            case TraceKind.Evicted when here.Remove(page, out var index):
                all[index] = all[index] with { UntilNs = record.TimeNs };
                away[page] = index;
                break;
            case TraceKind.Fault:
                EndAway(page, record.TimeNs, away);
                break;
            default:
                break;
        }
    }

    private void EndAway(ulong page, ulong nowNs, Dictionary<ulong, int> away)
    {
        if (away.Remove(page, out var index))
        {
            var left = _all[index].UntilNs;
            _all[index] = _all[index] with { AwayNs = nowNs > left ? nowNs - left : 0 };
        }
    }

    /// <summary>How long pages stayed away, until they came back or it ended, for each that came back.</summary>
    private double MeanOf(Dictionary<ulong, int> away, ulong endNs)
    {
        var (totalNs, returns) = (0.0, 1L);
        foreach (var residence in _all.Where(static residence => residence.AwayNs != ulong.MaxValue))
        {
            totalNs += residence.AwayNs;
            returns++;
        }

        foreach (var (_, index) in away)
        {
            totalNs += endNs - _all[index].UntilNs;
        }

        return Math.Max(totalNs, endNs) / returns;
    }

    /// <param name="UntilNs">When it left DRAM.</param>
    /// <param name="AwayNs">How long it stayed away then; <see cref="ulong.MaxValue"/>: to the end.</param>
    /// <param name="MeanNs">If to the end: how long it is taken to stay away on average; 0: as all pages.</param>
    private readonly record struct Residence(ulong UntilNs, ulong AwayNs, double MeanNs);
}
