// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance.Tests;

/// <summary>docs/reference/conformance.md says what the suite checks, in its own words and order.</summary>
public sealed class PageTests
{
    [Fact]
    public void HasEveryCheckAndItsContract()
    {
        var rows = ReadPage().Split('\n')
            .Where(static line => line.StartsWith("| ", StringComparison.Ordinal))
            .Skip(1)
            .Select(static line => line.Split('|'))
            .Select(static cells => (Name: cells[1].Trim(), Contract: cells[2].Trim()));

        Assert.Equal(
            ConformanceSuite.Checks.Select(static check => (check.Name, check.Contract)),
            rows.Where(static row => row.Name != "load"));
    }

    private static string ReadPage()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "docs/reference/conformance.md")))
        {
            folder = folder.Parent;
        }

        return File.ReadAllText(Path.Combine(folder.FullName, "docs/reference/conformance.md"));
    }
}
