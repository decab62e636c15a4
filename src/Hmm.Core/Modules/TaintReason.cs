// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>Who brought a taint, and why.</summary>
/// <param name="Taint">One bit.</param>
/// <param name="Source">The module, or "host".</param>
/// <param name="Reason">One sentence.</param>
internal sealed record TaintReason(Taint Taint, string Source, string Reason);
