// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Xunit;
using static Hmm.Core.Physical.TeardownStage;

namespace Hmm.Core.Tests.Physical;

/// <summary>
/// Removal in use, under 12,000 schedules; and the same schedules against mutants, which must fail.
/// </summary>
public sealed class TeardownScheduleTests
{
    private const int Schedules = 12_000;
    private const int MutantSchedules = 2_000;
    private static readonly TeardownStage[] Lawful = [Killed, Drained, FramesRemoved, Erased, Exited, SpansLetGo];

    [Fact]
    public void RemovesInUseWithoutHarmUnderEverySchedule() =>
        Seeded.Run(1, Schedules, random => new TeardownSchedule(random, Lawful).Run());

    // Live stands for the release of the resource, which comes last where it is not named.
    [Theory]
    [InlineData("Drained Killed FramesRemoved Erased Exited SpansLetGo")]
    [InlineData("Drained FramesRemoved Erased Exited SpansLetGo")]
    [InlineData("FramesRemoved Killed Drained Erased Exited SpansLetGo")]
    [InlineData("Killed FramesRemoved Drained Erased Exited SpansLetGo")]
    [InlineData("Killed FramesRemoved Erased Exited SpansLetGo")]
    [InlineData("Erased Killed Drained FramesRemoved Exited SpansLetGo")]
    [InlineData("Killed Erased Drained FramesRemoved Exited SpansLetGo")]
    [InlineData("Killed Exited Drained FramesRemoved Erased SpansLetGo")]
    [InlineData("Killed Drained FramesRemoved Exited SpansLetGo")]
    [InlineData("Killed Drained FramesRemoved Exited SpansLetGo Live Erased")]
    [InlineData("Killed SpansLetGo Live Drained FramesRemoved Erased Exited")]
    [InlineData("SpansLetGo Live Killed Drained FramesRemoved Erased Exited")]
    [InlineData("Killed Drained Live FramesRemoved Erased Exited SpansLetGo")]
    public void CatchesAWrongOrder(string order)
    {
        var stages = order.Split(' ').Select(Enum.Parse<TeardownStage>).ToArray();
        var failure = Enumerable.Range(1, MutantSchedules)
            .Select(seed => Record.Exception(() => new TeardownSchedule(new Random(seed), stages).Run()))
            .FirstOrDefault(exception => exception is not null);
        Assert.True(failure is not null, $"no schedule of {MutantSchedules} caught the mutant");
    }
}
