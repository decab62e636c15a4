// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Simulation.Tests.Kernel;

/// <summary>What came of a load or store.</summary>
internal enum TouchOutcome
{
    /// <summary>It happened.</summary>
    Done,

    /// <summary>It faulted: the thread sleeps, a message is out; try again once it is woken.</summary>
    Waits,

    /// <summary>The page is poisoned: SIGBUS.</summary>
    Fails,

    /// <summary>The memory is no longer managed, or the application is dead.</summary>
    Gone,
}
