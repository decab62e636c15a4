// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Tidy.Tests.Sources;

namespace Hmm.Tidy.Tests.Rules;

/// <summary>
/// Every source file opens with its licence: MIT for what an application links, GPL for the rest.
/// </summary>
public static class Licences
{
    private static readonly string[] MitProjects = ["src/Hmm.Uapi", "src/Hmm.Linux", "src/Hmm"];
    private static readonly string[] CommentedExtensions = [".cs", ".c", ".h", ".js", ".sh", ".awk", ""];

    public static IEnumerable<Violation> Check(SourceFile file)
    {
        if (!CommentedExtensions.Contains(Path.GetExtension(file.Path)))
        {
            yield break;
        }

        var licence = MitProjects.Contains(file.Project) ? "MIT" : "GPL-2.0-or-later";
        var isScript = file.Text.StartsWith("#!", StringComparison.Ordinal);
        var mark = isScript || file.Path.EndsWith(".awk", StringComparison.Ordinal) ? "#" : "//";
        var line = isScript ? 1 : 0;
        var expected = $"{mark} SPDX-License-Identifier: {licence}";
        if (file.Lines.Count <= line || file.Lines[line] != expected)
        {
            yield return new Violation(file.Path, line + 1, $"this line must be '{expected}'");
        }
    }

    /// <summary>The package's licence is that of its files.</summary>
    /// <param name="project">The project.</param>
    /// <param name="inherited">What it takes from its folder's Directory.Build.props.</param>
    public static IEnumerable<Violation> CheckProject(SourceFile project, string inherited = "")
    {
        var licence = MitProjects.Contains(project.Project) ? "MIT" : "GPL-2.0-or-later";
        if (project.Area is "src" or "modules"
            && !(project.Text + inherited).Contains(
                $"<PackageLicenseExpression>{licence}<", StringComparison.Ordinal))
        {
            yield return new Violation(
                project.Path, 0, $"it needs <PackageLicenseExpression>{licence}</PackageLicenseExpression>");
        }
    }
}
