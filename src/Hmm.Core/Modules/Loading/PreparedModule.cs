// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules.Exports;

namespace Hmm.Core.Modules.Loading;

/// <summary>A module that passed every check and whose code has not run yet.</summary>
/// <param name="Plan">Its files.</param>
/// <param name="Exports">What it will export.</param>
/// <param name="Used">What it uses.</param>
/// <param name="Taints">Its taints, each with the reason.</param>
internal sealed record PreparedModule(
    ModulePlan Plan,
    IReadOnlyList<Export> Exports,
    IReadOnlyList<Export> Used,
    IReadOnlyList<(Taint Taint, string Reason)> Taints)
{
    public Taint Taint => Taints.Aggregate(Taint.None, (all, t) => all | t.Taint);
}
