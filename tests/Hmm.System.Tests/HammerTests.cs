// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.System.Tests.Support;
using Hmm.Uapi;
using Xunit.Abstractions;

namespace Hmm.System.Tests;

/// <summary>
/// Four writers, forced garbage collections, a budget of a quarter: no write is lost and the budget holds, as the
/// kernel counts it. And the same writers find the loss when the protocol is broken on purpose.
/// </summary>
[Trait("Category", "Soak")]
public sealed class HammerTests(ITestOutputHelper output)
{
    private const int MiB = 1 << 20;

    // What the kernel may count beyond the budget.
    private const long SlackBytes = 4 * MiB;

    // 2 MiB is the least budget, so the small set is four times that: at any moment three of four pages are away.
    [Theory]
    [InlineData(8, 4096, "memory,size=64MiB")]
    [InlineData(64, 4096, "block,folder={tmp},size=256MiB")]
    public void LosesNoWriteAndKeepsTheBudget(int setMiB, int pageBytes, string device)
    {
        using var folder = new TemporaryFolder();
        using var daemon =
            new Daemon($"{setMiB / 4}MiB", device.Replace("{tmp}", folder.Path, StringComparison.Ordinal));
        using var host = daemon.Connect();
        using var array =
            host.Allocate<ulong>((long)setMiB * MiB / sizeof(ulong), new HmmRangeOptions { PageSizeBytes = pageBytes });
        var hammer = new Hammer([array], pageBytes, Hammer.WritersMax, Environment.TickCount);
        var loss = hammer.Run(Runs.SoakTime);
        Report(hammer, array.Statistics);
        Assert.Null(loss);
        Assert.InRange(hammer.PeakResidentBytes, 1, host.BudgetBytes + SlackBytes);
        Assert.True(array.Statistics.EvictedPages > 10_000, "the writers pushed pages out");
    }

    [Theory]
    [InlineData("EvictWithoutProtect")]
    [InlineData("DirtyBeforeUnprotect")]
    public void FindsTheLossWhenTheProtocolIsBroken(string mutant)
    {
        using var folder = new TemporaryFolder();
        using var daemon = new Daemon("2MiB", [$"block,folder={folder.Path},size=64MiB"], ("HMM_TEST_MUTANT", mutant));
        using var host = daemon.Connect();
        var options = new HmmRangeOptions { PageSizeBytes = 4096, Advice = Advice.Random };
        using var array = host.Allocate<ulong>(4 * MiB / sizeof(ulong), options);
        var hammer = new Hammer([array], options.PageSizeBytes, Hammer.WritersMax, Environment.TickCount);
        var loss = hammer.Run(Runs.SoakTime);
        Report(hammer, array.Statistics);
        output.WriteLine(loss ?? "nothing was lost");
        Assert.NotNull(loss);
    }

    private void Report(Hammer hammer, Statistics counts)
    {
        output.WriteLine(
            $"{hammer.Operations} operations, {hammer.Samples} samples, "
                + $"peak {hammer.PeakResidentBytes / 1024} KiB resident");
        output.WriteLine(
            $"{counts.Faults} faults, {counts.WriteProtectFaults} first writes, {counts.DuplicateFaults} duplicates, " +
            $"{counts.FilledPages} filled, {counts.EvictedPages} evicted, {counts.MemoryWaits} waits");
    }
}
