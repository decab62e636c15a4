// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Host.Sessions;

/// <summary>What Hello tells a client about the host, beside the limits.</summary>
/// <param name="SessionId">The session's number, as queries report it.</param>
/// <param name="BudgetBytes">The DRAM that all ranges share, in bytes.</param>
/// <param name="Version">The host's product version.</param>
internal readonly record struct HostDescription(ulong SessionId, ulong BudgetBytes, string Version);
