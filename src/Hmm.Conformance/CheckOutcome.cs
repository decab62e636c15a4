// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance;

/// <summary>How a check ended.</summary>
internal enum CheckOutcome
{
    /// <summary>The driver kept this part of its contract.</summary>
    Passed,

    /// <summary>It broke it.</summary>
    Failed,

    /// <summary>The check did not run, because one that it builds on failed.</summary>
    Skipped,
}
