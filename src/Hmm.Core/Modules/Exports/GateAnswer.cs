// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Exports;

/// <summary>What a module that passed the gate uses, and what that makes of it.</summary>
/// <param name="Used">Every export that it uses.</param>
/// <param name="Taint">Proprietary, by its own licence or inherited; or none.</param>
/// <param name="TaintReason">Why, where it is tainted.</param>
internal sealed record GateAnswer(IReadOnlyList<Export> Used, Taint Taint, string? TaintReason);
