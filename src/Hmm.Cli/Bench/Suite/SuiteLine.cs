// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Bench.Running;
using Hmm.Cli.Bench.Spaces;

namespace Hmm.Cli.Bench.Suite;

/// <summary>A pattern that is run on ours and on others, and what the ratio to each should be.</summary>
/// <param name="Work">What it is called in the table.</param>
/// <param name="Plan">What is run.</param>
/// <param name="Peers">Whom it is compared with, and the least ratio of our ops/s to theirs.</param>
internal sealed record SuiteLine(string Work, BenchPlan Plan, params (BenchTarget Target, double Least)[] Peers);
