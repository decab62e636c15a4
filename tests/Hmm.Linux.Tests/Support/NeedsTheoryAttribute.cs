// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Linux.Tests.Support;

/// <summary>
/// A theory that is skipped, with the probe's reason, where the machine lacks what it needs.
/// </summary>
public sealed class NeedsTheoryAttribute : TheoryAttribute
{
    /// <summary>Probes.</summary>
    public NeedsTheoryAttribute(Need need)
    {
        Need = need;
        Skip = Needs.MissingBecause(need);
    }

    /// <summary>What the test needs.</summary>
    public Need Need { get; }
}
