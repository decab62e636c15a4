// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;

namespace Hmm.Tidy.Tests.Sources;

/// <summary>
/// The repository's files, read once. Build output and what git ignores stay out.
/// </summary>
public static class Repository
{
    private static readonly string[] SkippedFolders = ["artifacts", "bin", "obj", "TestResults", ".git", ".vs"];
    private static readonly string[] TextExtensions =
    [
        ".cs", ".csproj", ".props", ".targets", ".slnx", ".md", ".json", ".sh", ".awk", ".c", ".h", ".js", ".html",
        ".css",
    ];

    private static readonly Lazy<IReadOnlyList<SourceFile>> AllFiles = new(ReadAll);

    /// <summary>The root folder.</summary>
    public static string Root { get; } = typeof(Repository).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    public static IReadOnlyList<SourceFile> Files => AllFiles.Value;

    /// <summary>
    /// Our own code. Fixtures are what tests compile while they run: they have the shape of
    /// somebody else's.
    /// </summary>
    public static IEnumerable<SourceFile> CSharp =>
        Files.Where(file => file.IsCSharp && !file.Path.StartsWith("tests/fixtures/", StringComparison.Ordinal));

    public static IEnumerable<SourceFile> Projects =>
        Files.Where(file => file.Path.EndsWith(".csproj", StringComparison.Ordinal));

    /// <summary>What people read: the pages in the root, in docs and beside samples.</summary>
    public static IEnumerable<SourceFile> Pages => Files.Where(
        file => file.Path.EndsWith(".md", StringComparison.Ordinal)
            && (file.Area is "docs" or "samples" || !file.Path.Contains('/')));

    /// <summary>The file at a path from the root.</summary>
    public static SourceFile File(string path) => Files.Single(file => file.Path == path);

    private static List<SourceFile> ReadAll()
    {
        var files = new List<SourceFile>();
        var folders = new Stack<string>([Root]);
        while (folders.TryPop(out var folder))
        {
            foreach (var child in Directory.EnumerateDirectories(folder))
            {
                if (!SkippedFolders.Contains(Path.GetFileName(child)))
                {
                    folders.Push(child);
                }
            }

            files.AddRange(Directory.EnumerateFiles(folder).Where(IsText).Select(Read));
        }

        files.Sort((left, right) => string.CompareOrdinal(left.Path, right.Path));
        return files;
    }

    /// <summary>Known extensions, and scripts, which begin with <c>#!</c>.</summary>
    private static bool IsText(string path)
    {
        if (TextExtensions.Contains(Path.GetExtension(path)))
        {
            return true;
        }

        if (Path.GetExtension(path).Length > 0)
        {
            return false;
        }

        using var stream = System.IO.File.OpenRead(path);
        return stream.ReadByte() == '#' && stream.ReadByte() == '!';
    }

    private static SourceFile Read(string path) => new(
        Path.GetRelativePath(Root, path).Replace(Path.DirectorySeparatorChar, '/'), System.IO.File.ReadAllText(path));
}
