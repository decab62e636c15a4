// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Simulation.Tests.Scheduling;

/// <summary>
/// An actor that never enters the core: it is a state machine whose steps run on whatever thread holds the baton, which
/// saves the thread switch. Application threads are such actors.
/// </summary>
internal abstract class InlineActor
{
    protected InlineActor(string name)
    {
        Name = name;
    }

    /// <summary>For state dumps.</summary>
    public string Name { get; }

    /// <summary>Whether it has a step to make now.</summary>
    public abstract bool CanStep { get; }

    /// <summary>Whether the run may end without another step of it.</summary>
    public abstract bool IsDone { get; }

    /// <summary>Makes one step: one atomic event of the simulated machine.</summary>
    public abstract void Step();

    public abstract override string ToString();
}
