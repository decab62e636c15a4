// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Simulation.Tests.Applications;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests;

/// <summary>Many threads, seeded schedules: the protocol of faults and evictions.</summary>
public sealed class ScheduleTests
{
    // Seeds that once failed, with what they found.
    private static readonly ulong[] s_regressions = [];

    [Fact]
    public void LosesNoStoreAndStrandsNoThread() => SeededRuns.All(10_000, s_regressions, ContendedWorld.Run);

    [Fact]
    public void LosesNoStoreWhenDevicesMissTheirDeadlines()
    {
        SeededRuns.All(2_000, s_regressions, ContendedWorld.RunLate);
        Assert.True(ContendedWorld.LateCount > 2_000, $"only {ContendedWorld.LateCount} copies were late");
    }

    [Fact]
    public void CatchesTheMutantThatForgetsLateWrites()
    {
        var seed = SeededRuns.UntilFailure(
            200,
            static (seed, scheduler, pool) =>
                ContendedWorld.Run(seed, scheduler, pool, Mutant.FreeFramesOfLateWrites, late: true),
            out var failure);
        Assert.True(seed > 0, "no frame was freed too early under 200 seeds");
        Assert.Contains("is freed while a copy of it is under way", failure!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(Mutant.EvictWithoutProtect), 200)]
    [InlineData(nameof(Mutant.DirtyBeforeUnprotect), 2000)]
    public void CatchesTheMutant(string mutant, int seedsMax)
    {
        var broken = Enum.Parse<Mutant>(mutant);
        var seed = SeededRuns.UntilFailure(seedsMax, (seed, scheduler, pool) =>
            RunUntilLost(seed, scheduler, pool, broken), out _);
        Assert.True(seed > 0, $"{mutant} lost nothing under {seedsMax} seeds");
    }

    /// <summary>
    /// Runs a seed of a broken variant. Only a lost store counts; a check that sees the breach
    /// earlier does not.
    /// </summary>
    private static void RunUntilLost(ulong seed, SeededScheduler scheduler, NativePool pool, Mutant mutant)
    {
        try
        {
            ContendedWorld.Run(seed, scheduler, pool, mutant);
        }
        catch (ScheduleException exception) when (!exception.Message.StartsWith("lost write", StringComparison.Ordinal))
        {
        }
    }
}
