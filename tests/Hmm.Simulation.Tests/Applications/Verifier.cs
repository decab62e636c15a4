// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Applications;

/// <summary>A last thread of the application: loads every page once and has its bytes checked.</summary>
internal sealed class Verifier : InlineActor
{
    /// <summary>Checks the bytes of one page.</summary>
    internal delegate void PageCheck(SimulatedRange range, long page, ReadOnlySpan<byte> content);

    private readonly IReadOnlyList<SimulatedRange> _ranges; // immutable
    private readonly PageCheck _check; // immutable
    private readonly SimulatedThread _thread = new("verifier");
    private byte[] _content = []; // Guarded by: the baton
    private int _range = int.MaxValue; // Guarded by: the baton
    private long _page; // Guarded by: the baton

    public Verifier(IReadOnlyList<SimulatedRange> ranges, PageCheck check)
        : base("verifier")
    {
        (_ranges, _check) = (ranges, check);
    }

    public override bool CanStep => !IsDone && !_thread.IsWaiting;

    public override bool IsDone => _range >= _ranges.Count;

    /// <summary>Begins.</summary>
    public void Start() => (_range, _page) = (0, 0);

    public override void Step()
    {
        var range = _ranges[_range];
        if (_content.Length != range.Memory.PageSizeBytes)
        {
            _content = new byte[range.Memory.PageSizeBytes];
        }

        var outcome = range.Memory.TryLoad(_thread, _page, 0, _content);
        if (outcome == TouchOutcome.Waits)
        {
            return;
        }

        if (outcome != TouchOutcome.Done)
        {
            throw new ScheduleException($"page {_page} of {range.Memory.Name} cannot be verified: its touch {outcome}");
        }

        _check(range, _page, _content);
        if (++_page == range.Memory.PageCount)
        {
            (_range, _page) = (_range + 1, 0);
        }
    }

    public override string ToString() => $"{_thread}{(IsDone ? ", done" : $", at page {_page} of range {_range}")}";
}
