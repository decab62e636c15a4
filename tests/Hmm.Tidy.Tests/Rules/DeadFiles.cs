// SPDX-License-Identifier: GPL-2.0-or-later
using System.Xml.Linq;
using Hmm.Tidy.Tests.Sources;

namespace Hmm.Tidy.Tests.Rules;

/// <summary>Every source file is compiled, and every project is in the solution.</summary>
public static class DeadFiles
{
    public static IEnumerable<Violation> Check(IReadOnlyCollection<SourceFile> files)
    {
        var projects = files.Where(file => file.Path.EndsWith(".csproj", StringComparison.Ordinal)).ToList();
        foreach (var file in files.Where(file => file.IsCSharp))
        {
            if (!projects.Exists(project => file.Path.StartsWith(FolderOf(project) + "/", StringComparison.Ordinal)))
            {
                yield return new Violation(
                    file.Path, 0, "no project compiles this file; delete it or move it into one");
            }
        }

        foreach (var project in projects)
        {
            if (XDocument.Parse(project.Text).Descendants("Compile").Any(item => item.Attribute("Remove") is not null))
            {
                yield return new Violation(
                    project.Path, 0, "a project compiles every file in its folder; delete what it must not");
            }
        }
    }

    public static IEnumerable<Violation> CheckSolution(SourceFile solution, IEnumerable<SourceFile> projects)
    {
        var listed = XDocument.Parse(solution.Text).Descendants("Project")
            .Select(element => (string?)element.Attribute("Path") ?? "")
            .ToHashSet();
        var existing = projects.Select(project => project.Path).ToHashSet();
        foreach (var missing in existing.Except(listed))
        {
            yield return new Violation(
                solution.Path, 0, $"{missing} is not in the solution, so nothing builds it; add it");
        }

        foreach (var gone in listed.Except(existing))
        {
            yield return new Violation(solution.Path, 0, $"{gone} does not exist; remove it");
        }
    }

    private static string FolderOf(SourceFile project) => Path.GetDirectoryName(project.Path)!.Replace('\\', '/');
}
