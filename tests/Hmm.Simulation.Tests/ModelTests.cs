// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Applications;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests;

/// <summary>Random operations of one application against plain arrays of bytes.</summary>
public sealed class ModelTests
{
    // Seeds that once failed, with what they found.
    private static readonly ulong[] s_regressions = [];

    [Fact]
    public void EveryByteIsWhatAnArrayWouldHold() => SeededRuns.All(10_000, s_regressions, ModelWorld.Run);
}
