// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Simulation.Tests.Applications;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Migration;

/// <summary>Seeded schedules of faults that wait for DRAM while it is freed: nobody is forgotten.</summary>
public sealed class WaiterScheduleTests
{
    // Seeds that once failed, with what they found.
    private static readonly ulong[] s_regressions = [];

    [Fact]
    public void ServesEveryFaultThatWaits()
    {
        SeededRuns.All(4_000, s_regressions, WaitingWorld.Run);
        Assert.True(WaitingWorld.WaitCount > 1_000, $"only {WaitingWorld.WaitCount} faults waited");
        Assert.True(WaitingWorld.StarvedCount > 200, $"only {WaitingWorld.StarvedCount} faults failed");
    }

    [Theory]
    [InlineData(nameof(Mutant.WaitWithoutLookingAgain), "deadlock: nobody can go on")]
    [InlineData(nameof(Mutant.ForgetServedWaiter), "deadlock: nobody can go on")]
    [InlineData(nameof(Mutant.ForgetStarved), "Assert.NotEqual() Failure")]
    public void CatchesTheMutant(string mutant, string words)
    {
        var broken = Enum.Parse<Mutant>(mutant);
        var seed = SeededRuns.UntilFailure(
            2_000, (seed, scheduler, pool) => WaitingWorld.Run(seed, scheduler, pool, broken), out var failure);
        Assert.True(seed > 0, $"{mutant} forgot nobody under 2000 seeds");
        Assert.StartsWith(words, failure!.Message, StringComparison.Ordinal);
    }
}
