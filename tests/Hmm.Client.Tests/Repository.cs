// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Client.Tests;

/// <summary>Files of the repository that tests hold the code to.</summary>
internal static class Repository
{
    /// <summary>The text of a file, found from the tests' own folder upwards.</summary>
    public static string Read(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, path);
            if (File.Exists(candidate))
            {
                return File.ReadAllText(candidate);
            }
        }

        throw new FileNotFoundException($"No folder above {AppContext.BaseDirectory} has {path}.");
    }

    /// <summary>The text between a line that starts so and the next heading.</summary>
    public static string Section(string page, string heading)
    {
        var start = page.IndexOf("\n" + heading, StringComparison.Ordinal);
        Assert.True(start >= 0, $"the page has no '{heading}'");
        var end = page.IndexOf("\n#", start + heading.Length, StringComparison.Ordinal);
        return end < 0 ? page[start..] : page[start..end];
    }

    /// <summary>The rows of a section's table, as trimmed cells, without its head.</summary>
    public static string[][] Table(string section) =>
    [
        .. section.Split('\n')
            .Where(line => line.StartsWith('|'))
            .Skip(2)
            .Select(line => line.Split('|')[1..^1].Select(cell => cell.Trim()).ToArray()),
    ];
}
