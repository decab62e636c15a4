// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Tidy.Tests.Sources;

/// <summary>
/// How a rule is asserted: on the repository it finds nothing, on a bad sample it finds something.
/// </summary>
public static class Hold
{
    /// <summary>Fails with every violation, one a line.</summary>
    public static void Nothing(IEnumerable<Violation> violations)
    {
        var found = violations.ToList();
        Assert.True(found.Count == 0, $"{found.Count} violations:\n{string.Join('\n', found)}");
    }

    /// <summary>
    /// Fails unless there is exactly one violation and its text holds these words.
    /// </summary>
    public static void One(IEnumerable<Violation> violations, string words)
    {
        var violation = Assert.Single(violations.ToList());
        Assert.Contains(words, violation.ToString(), StringComparison.Ordinal);
    }
}
