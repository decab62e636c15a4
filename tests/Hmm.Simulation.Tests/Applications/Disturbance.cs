// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Applications;

/// <summary>
/// What disturbs the message queue: signals that make sleeping threads fault again, and messages that come long after
/// their page was looked after. Few of them, since a signal would also hide a wake that was lost.
/// </summary>
internal sealed class Disturbance : InlineActor
{
    private readonly SimulatedKernel _kernel; // immutable
    private int _signals; // Guarded by: the baton
    private int _staleMessages; // Guarded by: the baton

    public Disturbance(SimulatedKernel kernel, int signals, int staleMessages)
        : base("disturbance")
    {
        (_kernel, _signals, _staleMessages) = (kernel, signals, staleMessages);
    }

    public override bool CanStep => (_signals > 0 && _kernel.SleeperCount > 0) || _staleMessages > 0;

    public override bool IsDone => true;

    /// <summary>Ends it: from now on a lost wake shows.</summary>
    public void Stop() => (_signals, _staleMessages) = (0, 0);

    public override void Step()
    {
        var random = _kernel.Scheduler.Random;
        if (_signals > 0 && _kernel.SleeperCount > 0 && random.Chance(500))
        {
            _signals--;
            _kernel.Signal(random);
        }
        else if (_staleMessages > 0)
        {
            _staleMessages--;
            _kernel.SendStale(random);
        }
    }

    public override string ToString() => $"{Name}: {_signals} signals and {_staleMessages} stale messages to come";
}
