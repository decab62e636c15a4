// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Host.Tracing;

namespace Hmm.Cli.Replay;

/// <summary>
/// What a trace of faults does not hold: uses of pages while they were in DRAM. A page that the replay evicts while it
/// was in DRAM at the recording is taken to be used again as long after that as it stayed away when it left at the
/// recording. Where uses come at random that is exact on average: how long a page goes unused does not depend on when
/// one begins to count.
/// </summary>
internal sealed class Residences
{
    private readonly List<Residence> _all = []; // immutable after construction
    private readonly Dictionary<int, int> _first = []; // immutable after construction: of a record, its first residence
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
    }

    private Residences(Residences other)
    {
        (_all, _first) = (other._all, other._first);
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
        if (!_current.TryGetValue(page, out var index) || _all[index].AwayNs == ulong.MaxValue)
        {
            return false;
        }

        thenNs = nowNs + _all[index].AwayNs;
        return thenNs < _all[index].UntilNs;
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
                _all.Add(new Residence(ulong.MaxValue, ulong.MaxValue));
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

    /// <param name="UntilNs">When it left DRAM.</param>
    /// <param name="AwayNs">How long it stayed away then; <see cref="ulong.MaxValue"/>: for good.</param>
    private readonly record struct Residence(ulong UntilNs, ulong AwayNs);
}
