// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Simulation.Tests.Applications;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests;

/// <summary>Many threads, seeded schedules: the protocol of faults and evictions.</summary>
public sealed class ScheduleTests
{
    // Seeds that once failed, with what they found.
    private static readonly ulong[] s_regressions = [];

    [Fact]
    public void LosesNoStoreAndStrandsNoThread() => SeededRuns.All(10_000, s_regressions, ContendedWorld.Run);

    [Theory]
    [InlineData(nameof(Mutant.EvictWithoutProtect), 200)]
    [InlineData(nameof(Mutant.DirtyBeforeUnprotect), 2000)]
    public void CatchesTheMutant(string mutant, int seedsMax)
    {
        var broken = Enum.Parse<Mutant>(mutant);
        var seed = SeededRuns.UntilFailure(seedsMax, (seed, scheduler, pool) => ContendedWorld.Run(seed, scheduler, pool, broken), out var failure);
        Assert.True(seed > 0, $"{mutant} survived {seedsMax} seeds");
        Assert.Contains("lost write", failure!.Message, StringComparison.Ordinal);
    }
}
