// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Host.Tracing;

/// <summary>What a recording came to.</summary>
/// <param name="Records">How many records the file holds.</param>
/// <param name="Dropped">How many were dropped.</param>
/// <param name="FileBytes">How long the file is.</param>
internal readonly record struct TraceCounts(ulong Records, ulong Dropped, ulong FileBytes);
