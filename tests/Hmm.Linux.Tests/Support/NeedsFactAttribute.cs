// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Linux.Tests.Support;

/// <summary>
/// A test that is skipped, with the probe's reason, where the machine lacks what it needs.
/// </summary>
public sealed class NeedsFactAttribute : FactAttribute
{
    /// <summary>Probes.</summary>
    public NeedsFactAttribute(Need need)
    {
        Need = need;
        Skip = Needs.MissingBecause(need);
    }

    /// <summary>What the test needs.</summary>
    public Need Need { get; }
}
