// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Cli.Bench.Patterns;

namespace Hmm.Cli.Bench.Running;

/// <summary>
/// A hash join in two phases: read rows in order and put their keys into a table at random places, then read other rows
/// in order and look theirs up. The number of matches is known beforehand.
/// </summary>
internal sealed unsafe class JoinRun(BenchPlan plan, nint address, LatencyHistogram latencies)
{
    private readonly JoinLayout _layout = new(plan.Pages); // immutable

    internal PhaseOutcome Run()
    {
        var begun = Stopwatch.GetTimestamp();
        for (var row = 0L; row < _layout.BuildRows; row++)
        {
            Insert(*KeyOf(0, row));
        }

        var matches = 0L;
        for (var row = 0L; row < _layout.ProbeRows; row++)
        {
            matches += IsInTable(*KeyOf(_layout.ProbeFirstPage, row)) ? 1 : 0;
        }

        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return new PhaseOutcome(
            seconds,
            _layout.BuildRows + _layout.ProbeRows,
            _layout.BuildRows,
            Math.Abs(matches - _layout.Matches));
    }

    // Safe because a row's number is below the number of rows of its part.
    private ulong* KeyOf(long firstPage, long row) =>
        (ulong*)address + (firstPage * PageWriter.PageWords) + (row * JoinLayout.RowWords);

    private void Insert(ulong key)
    {
        var before = Stopwatch.GetTimestamp();
        var slot = SlotOf(key);
        while (*slot != 0 && *slot != key)
        {
            slot = Following(slot);
        }

        *slot = key;
        latencies.Add(Stopwatch.GetTimestamp() - before);
    }

    private bool IsInTable(ulong key)
    {
        var before = Stopwatch.GetTimestamp();
        var slot = SlotOf(key);
        while (*slot != 0 && *slot != key)
        {
            slot = Following(slot);
        }

        var found = *slot == key;
        latencies.Add(Stopwatch.GetTimestamp() - before);
        return found;
    }

    private ulong* SlotOf(ulong key) =>
        TableStart + (Draw.Below(Draw.Mix(key), _layout.Slots) * JoinLayout.SlotWords);

    private ulong* TableStart => (ulong*)address + (_layout.TableFirstPage * PageWriter.PageWords);

    private ulong* Following(ulong* slot)
    {
        var next = slot + JoinLayout.SlotWords;
        return next == TableStart + (_layout.Slots * JoinLayout.SlotWords) ? TableStart : next;
    }
}
