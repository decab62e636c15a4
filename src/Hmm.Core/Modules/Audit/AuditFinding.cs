// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Audit;

/// <summary>One finding.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Symbol">The export, or the module, that it is about.</param>
/// <param name="Message">What is wrong, why, and what to do.</param>
/// <param name="Evidence">One line each: a path through the code, a user that breaks.</param>
internal sealed record AuditFinding(AuditKind Kind, string Symbol, string Message, IReadOnlyList<string> Evidence)
{
    /// <summary>Whether it makes the audit fail; others are advice.</summary>
    public bool Fails => Kind is AuditKind.UnclearClass or AuditKind.NotALeaf or AuditKind.Unused or AuditKind.Changed;
}
