// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Devices;
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Applications;

/// <summary>
/// Threads that write to a persistent range in rounds, each through a stripe of pages of its own, in order; and one
/// that makes checkpoints. One moment of a stripe is: its first pages are of some round, the others of the one before.
/// </summary>
internal sealed class CheckpointWorld
{
    private readonly SimulatedHost _host; // immutable
    private readonly SimulatedDevice _store; // immutable
    private readonly SimulatedFile _file; // immutable
    private readonly SimulatedRange _range; // immutable
    private readonly int _stripePages; // immutable
    private readonly long[] _rounds; // Guarded by: the baton; the last round that each writer has finished
    private bool _stopping; // Guarded by: the baton
    private int _writing; // Guarded by: the baton

    public CheckpointWorld(SimulatedHost host, int writers, int stripePages)
    {
        (_host, _stripePages, _rounds) = (host, stripePages, new long[writers]);
        _store = host.AddStore(16 * writers * stripePages);
        _file = host.AddFile(writers * stripePages, 12);
        for (var page = 0; page < writers * stripePages; page++)
        {
            _file.Page(page).Clear();
        }

        foreach (var medium in new[] { _store, _file.Device })
        {
            medium.Faults.InlinePermille = host.Scheduler.Random.Pick([0, 0, 300]);
        }

        _range = host.Open(RangeKind.Persistent, writers * stripePages, file: _file, store: _store);
    }

    public void Spawn(int checkpoints)
    {
        for (var i = 0; i < _rounds.Length; i++)
        {
            var writer = i;
            _writing++;
            _host.Scheduler.Spawn($"writer {writer}", () => Write(writer));
        }

        _host.Scheduler.Spawn("checkpoints", () => Make(checkpoints));
    }

    private void Write(int writer)
    {
        var thread = new ScriptThread(_host.Scheduler, $"writer {writer}");
        for (var round = 1L; !_stopping; round++)
        {
            for (var page = 0; page < _stripePages; page++)
            {
                // At both ends, so that half a page is noticed too.
                thread.StoreWord(_range.Memory, (writer * _stripePages) + page, 0, round);
                thread.StoreWord(_range.Memory, (writer * _stripePages) + page, 4088, round);
            }

            _rounds[writer] = round;
        }

        _writing--;
    }

    private void Make(int checkpoints)
    {
        using var image = new SimulatedImage(_store, _file);
        for (var i = 0; i < checkpoints; i++)
        {
            var steps = _host.Scheduler.Random.Next(200);
            for (var step = 0; step < steps; step++)
            {
                _host.Scheduler.Yield();
            }

            var before = (long[])_rounds.Clone();
            _host.Manager.Checkpoints.Run(_range.Range, image);
            Judge(before);
        }

        _stopping = true;
        _host.Scheduler.WaitUntil(() => _writing == 0, "the writers");
        _host.WaitQuiet();
        _host.VerifyQuiet();

        // With nobody at work, the checkpoint is what the pages hold.
        _host.Manager.Checkpoints.Run(_range.Range, image);
        Judge(_rounds);
        for (var writer = 0; writer < _rounds.Length; writer++)
        {
            Require(RoundOf(writer * _stripePages) == _rounds[writer], "the last checkpoint has everything");
        }

        _host.Close(_range);
        _host.VerifyEmpty();
        image.GiveBack();
        Assert.Equal(0UL, _store.Memory.Statistics.FramesUsed);
        _host.Stop();
    }

    /// <summary>What was done before the request is in, and each stripe is of one moment.</summary>
    private void Judge(long[] before)
    {
        for (var writer = 0; writer < before.Length; writer++)
        {
            var first = writer * _stripePages;
            var last = RoundOf(first + _stripePages - 1);
            Require(last >= before[writer], $"round {before[writer]} of writer {writer} was in, and {last} is there");
            Require(RoundOf(first) - last is 0 or 1, $"writer {writer}: {RoundOf(first)} first and {last} last");
            for (var page = first + 1; page < first + _stripePages; page++)
            {
                Require(
                    RoundOf(page) <= RoundOf(page - 1) && RoundOf(page) >= last,
                    $"page {page} is of round {RoundOf(page)} and the one before it of {RoundOf(page - 1)}");
            }
        }

        // A page's two words may be of two rounds, the first before the second; a page that follows may not be newer.
        for (var page = 0; page < before.Length * _stripePages; page++)
        {
            var behind = BitConverter.ToInt64(_file.Page(page)[4088..]);
            Require(RoundOf(page) - behind is 0 or 1, $"page {page} has {RoundOf(page)} and {behind}");
        }
    }

    private long RoundOf(int page) => BitConverter.ToInt64(_file.Page(page));

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new ScheduleException("torn checkpoint: " + what);
        }
    }
}
