// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Bench.Running;
using Hmm.Cli.Bench.Spaces;

namespace Hmm.Cli.Bench.Comparing;

/// <summary>
/// A plan run on our memory and on others' in turns (A B C A B C), so that what changes on the machine meanwhile meets
/// all of them. Ratios are formed within a round.
/// </summary>
internal sealed class Comparison
{
    private readonly BenchPlan _plan; // immutable
    private readonly IReadOnlyList<BenchTarget> _peers; // immutable
    private readonly List<BenchResult[]> _rounds = []; // owner thread

    /// <summary>Prepares it.</summary>
    /// <param name="plan">What to run on each.</param>
    /// <param name="peers">Whom to compare with.</param>
    internal Comparison(BenchPlan plan, IReadOnlyList<BenchTarget> peers)
    {
        _plan = plan with { Target = BenchTarget.Hmm };
        _peers = peers;
    }

    /// <summary>Each round's results: ours, then the peers' in order.</summary>
    internal IReadOnlyList<BenchResult[]> Rounds => _rounds;

    internal IReadOnlyList<BenchTarget> Peers => _peers;

    // All of it may go there, and a little of the process too.
    private long SwapBytes => _plan.SizeBytes + (64 << 20);

    internal bool Right => _rounds.TrueForAll(round => Array.TrueForAll(round, result => result.Bad == 0));

    /// <summary>Finds out whether every peer can be had, before time is spent on the first.</summary>
    /// <exception cref="CommandException">One cannot; the sentence says why.</exception>
    internal void TryPeers()
    {
        foreach (var peer in _peers)
        {
            SwapSetup.Try(peer, _plan.DeviceFolder, SwapBytes);
        }
    }

    /// <summary>Runs a round; shows each result as it comes.</summary>
    internal async Task RunRoundAsync(Action<BenchResult> show, CancellationToken cancellation)
    {
        var results = new List<BenchResult>();
        foreach (var target in _peers.Prepend(BenchTarget.Hmm))
        {
            // Swap is there for the run that needs it only: ours must not find any.
            using var swap = SwapSetup.For(target, _plan.DeviceFolder, SwapBytes);
            var result = await BenchProcess.RunAsync(_plan with { Target = target }, cancellation)
                .ConfigureAwait(false);
            results.Add(result);
            show(result);
        }

        _rounds.Add([.. results]);
    }

    /// <summary>A number of one side, over the rounds. 0: ours, then the peers in order.</summary>
    internal Spread Of(int side, Func<BenchResult, double> number) =>
        Spread.Of(_rounds.Select(round => number(round[side])));

    /// <summary>Our number over a peer's, over the rounds.</summary>
    internal Spread Ratio(int peer, Func<BenchResult, double> number) =>
        Spread.Of(_rounds.Select(round => number(round[0]) / number(round[peer + 1])));
}
