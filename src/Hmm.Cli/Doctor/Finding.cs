// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Doctor;

/// <summary>One thing that the doctor looked at.</summary>
/// <param name="Subject">One word: <c>userfaultfd</c>.</param>
/// <param name="State">How grave it is.</param>
/// <param name="Text">What was found, and what it means.</param>
/// <param name="Fix">
/// The command or setting that mends it; null where there is nothing to mend.
/// </param>
internal sealed record Finding(string Subject, FindingState State, string Text, string? Fix = null)
{
    /// <summary>What stands behind it, a sentence each; mostly empty.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];
}
