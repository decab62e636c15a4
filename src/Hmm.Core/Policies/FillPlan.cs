// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Policies;

/// <summary>What to fill for one fault.</summary>
/// <param name="AheadPages">How many pages after the faulting one to bring along; 0 for random access.</param>
/// <param name="ExpectWrite">Whether to install them writable, because the stream writes what it reaches.</param>
internal readonly record struct FillPlan(int AheadPages, bool ExpectWrite);
