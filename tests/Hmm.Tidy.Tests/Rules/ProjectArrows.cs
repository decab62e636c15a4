// SPDX-License-Identifier: GPL-2.0-or-later
using System.Xml.Linq;
using Hmm.Tidy.Tests.Sources;

namespace Hmm.Tidy.Tests.Rules;

/// <summary>
/// Which project may see which. A new project needs a line here: that is the point.
/// </summary>
public static class ProjectArrows
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["src/Hmm.Uapi"] = [],
        ["src/Hmm.Linux"] = ["Hmm.Uapi"],
        ["src/Hmm"] = ["Hmm.Uapi", "Hmm.Linux"],
        ["src/Hmm.Core"] = ["Hmm.Uapi"],
        ["src/Hmm.Pmem"] = ["Hmm.Uapi", "Hmm.Linux"],
        ["src/Hmm.Host"] = ["Hmm.Uapi", "Hmm.Linux", "Hmm.Core", "Hmm.Pmem"],
        ["src/Hmm.Analyzers"] = [],
        ["src/Hmm.Conformance"] = ["Hmm.Uapi", "Hmm.Linux", "Hmm.Core", "Hmm.Pmem"],
        ["src/Hmm.Cli"] = ["Hmm.Uapi", "Hmm.Linux", "Hmm", "Hmm.Core", "Hmm.Conformance", "Hmm.Host", "Hmm.Pmem"],
    };

    private static readonly string[] ForModules = ["Hmm.Uapi", "Hmm.Linux", "Hmm.Core", "Hmm.Pmem"];

    // What watches, measures or shows the system may see all of it.
    private static readonly string[] FreeAreas = ["tests", "bench", "samples", "eng"];

    public static IEnumerable<Violation> Check(SourceFile project)
    {
        if (FreeAreas.Contains(project.Area))
        {
            yield break;
        }

        var allowed = project.Area == "modules" ? ForModules : Allowed.GetValueOrDefault(project.Project);
        if (allowed is null)
        {
            yield return new Violation(
                project.Path, 0, "no arrows are drawn for this project; add it to ProjectArrows");
            yield break;
        }

        foreach (var reference in XDocument.Parse(project.Text).Descendants("ProjectReference"))
        {
            // A reference for the order of building, or to copy a program along, sees nothing of
            // it.
            if ((string?)reference.Attribute("ReferenceOutputAssembly") == "false")
            {
                continue;
            }

            var include = (string?)reference.Attribute("Include") ?? "";
            var target = Path.GetFileNameWithoutExtension(include.Replace('\\', '/'));
            if (!allowed.Contains(target))
            {
                yield return new Violation(
                    project.Path,
                    0,
                    $"{project.ProjectName} may not see {target}; it may see: {string.Join(", ", allowed)}");
            }
        }
    }
}
