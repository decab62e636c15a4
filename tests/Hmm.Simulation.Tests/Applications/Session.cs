// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Applications;

/// <summary>
/// A session's thread in the host: asks for what an application may ask for, while others fault on the same pages.
/// </summary>
internal sealed class Session
{
    private readonly SimulatedHost _host; // immutable
    private readonly IReadOnlyList<SimulatedRange> _ranges; // immutable
    private readonly int _pinnedPagesMax; // immutable
    private readonly List<(SimulatedRange Range, int First, int Count)> _pins = []; // Guarded by: the baton

    /// <param name="host">The host.</param>
    /// <param name="ranges">
    /// What it works on; those that are not shared files lose pages (<see cref="IsLossy"/>).
    /// </param>
    /// <param name="pinnedPagesMax">The most pages that it pins at a time.</param>
    public Session(SimulatedHost host, IReadOnlyList<SimulatedRange> ranges, int pinnedPagesMax)
    {
        (_host, _ranges, _pinnedPagesMax) = (host, ranges, pinnedPagesMax);
    }

    /// <summary>Ranges whose pages it may drop.</summary>
    public Func<SimulatedRange, bool> IsLossy { get; init; } = static _ => false;

    /// <summary>Whether write-backs may fail.</summary>
    public bool AllowWriteErrors { get; init; }

    /// <summary>Whether devices may miss their deadlines, and fail to read.</summary>
    public bool AllowLateness { get; init; }

    /// <summary>Whether it has nothing more to do.</summary>
    public bool IsDone { get; private set; } // Guarded by: the baton

    /// <summary>The body of its actor.</summary>
    public void Run(int operations)
    {
        for (var i = 0; i < operations; i++)
        {
            _host.Scheduler.Yield();
            Ask();
        }

        while (_pins.Count > 0)
        {
            Unpin();
        }

        IsDone = true;
    }

    private void Ask()
    {
        var random = _host.Scheduler.Random;
        var range = _ranges[random.Next(_ranges.Count)];
        var pages = range.Memory.PageCount;
        var first = random.Next(pages);
        var count = random.Between(1, Math.Min(16, pages - first));
        var operations = _host.Manager.Operations;
        switch (random.Next(8))
        {
            case 0:
                operations.Prefetch(range.Range, first, count);
                break;
            case 1:
                operations.WillWrite(range.Range, first, count);
                break;
            case 2:
                Flush(range, first, count);
                break;
            case 3:
                range.Range.Advice = (Advice)random.Next(3);
                break;
            case 4 when IsLossy(range) || range.File is not null:
                Drop(range, first, count);
                break;
            case 5:
                Pin(range, first, Math.Min(count, _pinnedPagesMax - _pins.Sum(static pin => pin.Count)));
                break;
            case 6:
                Unpin();
                break;
            case 7:
                Migrate(range, first, count);
                break;
        }
    }

    private void Flush(SimulatedRange range, int first, int count)
    {
        try
        {
            _host.Manager.Operations.Flush(range.Range, first, count);
        }
        catch (HmmException exception) when ((AllowWriteErrors && exception.Errno == Errno.EIO)
            || (AllowLateness && exception.Errno == Errno.ETIMEDOUT))
        {
            // The pages stay in DRAM, dirty; the end of the run checks that.
        }
    }

    private void Migrate(SimulatedRange range, int first, int count)
    {
        var target = _host.Devices[_host.Scheduler.Random.Next(_host.Devices.Count)].Memory;
        var results = _host.Manager.Migrator.Migrate(range.Range, first, count, target, default);
        foreach (var error in results.Errors)
        {
            Assert.True(
                error is Errno.None or Errno.ENOENT or Errno.EBUSY or Errno.EOPNOTSUPP or Errno.ENOSPC
                    || (error is Errno.EIO && AllowWriteErrors) || error is Errno.EAGAIN
                    || (error is Errno.EIO or Errno.ETIMEDOUT && AllowLateness),
                $"{error}");
        }
    }

    private void Drop(SimulatedRange range, int first, int count)
    {
        if (!IsLossy(range) && range.Range.Kind != RangeKind.FileShared)
        {
            return;
        }

        try
        {
            _host.Manager.Operations.DontNeed(range.Range, first, count);
        }
        catch (HmmException exception) when (exception.Errno == Errno.EBUSY)
        {
            Assert.Contains("pinned", exception.Message, StringComparison.Ordinal);
        }
    }

    private void Pin(SimulatedRange range, int first, int count)
    {
        if (count <= 0)
        {
            return;
        }

        try
        {
            _host.Manager.Operations.Pin(range.Range, first, count);
        }
        catch (HmmException exception) when (exception.Errno == Errno.ENOMEM)
        {
            return;
        }

        _pins.Add((range, first, count));
        for (var page = first; page < first + count; page++)
        {
            Assert.True(range.Memory.Look(page).IsPresent, "a pinned page is present");
        }
    }

    private void Unpin()
    {
        if (_pins.Count == 0)
        {
            return;
        }

        var index = _host.Scheduler.Random.Next(_pins.Count);
        var (range, first, count) = _pins[index];
        _pins.RemoveAt(index);
        for (var page = first; page < first + count; page++)
        {
            Assert.True(range.Memory.Look(page).IsPresent, "a pinned page stays present");
        }

        _host.Manager.Operations.Unpin(range.Range, first, count);
    }
}
