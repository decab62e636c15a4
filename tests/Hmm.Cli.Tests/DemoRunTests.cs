// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Demo;
using Hmm.Cli.Demo.Presenters;
using Hmm.Cli.Output;
using Hmm.Cli.Tests.Support;

namespace Hmm.Cli.Tests;

/// <summary>
/// The demo over plain memory: it must say yes when all is right, and no to each thing that can go
/// wrong.
/// </summary>
public sealed class DemoRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordingPresenter _presenter = new();
    private readonly DemoPlan _plan;
    private readonly MemoryRange _range;

    public DemoRunTests()
    {
        var random = new Random(42);
        foreach (var length in new[] { 1, 4095, 4096, 3 << 20, 5_000_000 })
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            _folder.Write($"file-{length}", bytes);
        }

        _plan = new DemoPlan(DataSet.Find(_folder.Path), 2 << 20, _folder.Path, Seed: 1);
        _range = new MemoryRange(_plan.Data.PaddedBytes) { ResidentBytes = 2 << 20 };
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void SaysThatAllWasRight()
    {
        var report = Run();
        Assert.True(report.Right, report.Verdict);
        Assert.Equal(5, report.FilesRight);
        Assert.Equal(2UL << 20, report.PeakResidentBytes);
        Assert.Equal(["started", "Load", "Check", "Sort", "Verify", "ended"], _presenter.Events);
        Assert.True(report.ResidentSamples > 0);
    }

    [Fact]
    public void NoticesOneBitInAFile()
    {
        _presenter.OnPhaseEnded = phase => Flip(phase == DemoPhase.Load, (3 << 20) + 77, 1);
        var report = Run();
        Assert.False(report.Right);
        Assert.Single(report.FilesWrong);
        Assert.Contains("1 of 5 files read back differently", report.Verdict, StringComparison.Ordinal);
        Assert.Contains("--seed 1", report.Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void NoticesAKeyThatTheSortChanged()
    {
        // The lowest bit of the lowest byte of the last key: it stays the largest.
        _presenter.OnPhaseEnded = phase => Flip(phase == DemoPhase.Sort, (int)_range.LengthBytes - 8, 1);
        var report = Run();
        Assert.False(report.KeysKept);
        Assert.False(report.Right);
    }

    [Fact]
    public void NoticesKeysOutOfOrder()
    {
        _presenter.OnPhaseEnded = phase =>
        {
            if (phase == DemoPhase.Sort)
            {
                var keys = new RangeKeys(_range).Window(0, (int)(_range.LengthBytes / 8));
                (keys[0], keys[^1]) = (keys[^1], keys[0]);
            }
        };
        var report = Run();
        Assert.True(report.KeysKept);
        Assert.False(report.Sorted);
        Assert.False(report.Right);
    }

    [Fact]
    public void NoticesABudgetThatWasNotKept()
    {
        _range.ResidentBytes = _plan.BudgetBytes + DemoPlan.OvershootBytesMax;
        Assert.True(Run().Right);
        _range.ResidentBytes++;
        var report = Run();
        Assert.False(report.Right);
        Assert.Contains("resident DRAM reached", report.Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatBecomesShorterEndsItWithASentence()
    {
        File.WriteAllBytes(_plan.Data.Files[0].Path, []);
        var refused = Assert.Throws<CommandException>(Run);
        Assert.Equal(ExitCode.Data, refused.ExitCode);
        Assert.Contains("became shorter", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CanBeCancelledInEveryPhase()
    {
        foreach (var phase in _plan.Phases.SkipLast(1))
        {
            using var cancellation = new CancellationTokenSource();
            _presenter.OnPhaseEnded = ended =>
            {
                if (ended == phase)
                {
                    cancellation.Cancel();
                }
            };
            var run = new DemoRun(_plan, _range, _presenter, cancellation.Token);
            Assert.Throws<OperationCanceledException>(run.Run);
        }
    }

    [Fact]
    public void PlainLinesHaveNoEscapeCodes()
    {
        var output = new StringWriter();
        using var presenter = new PlainPresenter(output);
        Assert.True(new DemoRun(_plan, _range, presenter, CancellationToken.None).Run().Right);
        Assert.DoesNotContain('\e', output.ToString());
        Assert.Contains("All was right", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void TheLiveDisplayShowsMapLegendAndVerdict()
    {
        var output = new StringWriter();
        using var presenter = new LivePresenter(Terminal.Into(output, new StringWriter(), isRich: true));
        Assert.True(new DemoRun(_plan, _range, presenter, CancellationToken.None).Run().Right);
        foreach (var words in new[] { "where the pages are", "on the device", "peak", "verify", "All was right" })
        {
            Assert.Contains(words, output.ToString(), StringComparison.Ordinal);
        }

        Assert.Contains('\e', output.ToString());
    }

    private DemoReport Run() => new DemoRun(_plan, _range, _presenter, CancellationToken.None).Run();

    private void Flip(bool now, int at, byte bits)
    {
        if (now)
        {
            _range.Span(at, 1)[0] ^= bits;
        }
    }
}
