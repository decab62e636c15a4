// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace Hmm.Cli.Demo;

/// <summary>
/// The real files that the demo puts in its range, in order of path. Each begins at a multiple of 8
/// bytes, so that the range can be sorted as 64-bit keys; the gaps are zeros.
/// </summary>
internal sealed class DataSet
{
    private const long KeyBytes = sizeof(ulong);

    private DataSet(string root, IReadOnlyList<DataFile> files)
    {
        Root = root;
        Files = files;
        FileBytes = files.Sum(file => file.LengthBytes);
        PaddedBytes = Padded(files[^1].Offset + files[^1].LengthBytes);
    }

    /// <summary>The folder, or the one file.</summary>
    internal string Root { get; }

    /// <summary>At least one, none of them empty.</summary>
    internal IReadOnlyList<DataFile> Files { get; }

    /// <summary>The files' bytes.</summary>
    internal long FileBytes { get; }

    /// <summary>The range's bytes: the files and the gaps, a multiple of 8.</summary>
    internal long PaddedBytes { get; }

    /// <summary>Finds the data.</summary>
    /// <param name="path">A file or a folder; null for the running .NET installation.</param>
    /// <exception cref="CommandException">It is missing, unreadable, or holds no bytes.</exception>
    internal static DataSet Find(string? path)
    {
        var root = path is null ? DotnetRoot() : Path.GetFullPath(path);
        try
        {
            var found = Directory.Exists(root) ? FilesUnder(root) : [new FileInfo(root)];
            var files = Place(found);
            return files.Count > 0
                ? new DataSet(root, files)
                : throw new CommandException(
                    ExitCode.Data, $"{root} holds no bytes; name a file or a folder with data: --data PATH");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(root, exception);
        }
    }

    /// <summary>The sentence for data that cannot be read.</summary>
    internal static CommandException Unreadable(string path, Exception cause)
    {
        var why = cause is FileNotFoundException or DirectoryNotFoundException ? "it does not exist" : cause.Message;
        return new CommandException(
            ExitCode.Data, $"cannot read {path}: {why.TrimEnd('.')}; name other data: --data PATH", cause);
    }

    /// <summary>
    /// The folder that <c>dotnet</c> is installed in:
    /// <c>DIR/shared/Microsoft.NETCore.App/VERSION/</c>.
    /// </summary>
    private static string DotnetRoot()
    {
        var runtime = RuntimeEnvironment.GetRuntimeDirectory();
        return Path.GetFullPath(Path.Combine(runtime, "..", "..", ".."));
    }

    private static FileInfo[] FilesUnder(string folder)
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = true,
            // A link may lead out of the folder, or round in circles.
            AttributesToSkip = FileAttributes.ReparsePoint,
        };
        var files = new DirectoryInfo(folder).GetFiles("*", options);
        Array.Sort(files, static (left, right) => string.CompareOrdinal(left.FullName, right.FullName));
        return files;
    }

    /// <summary>
    /// Lays files out one after another. Sockets, pipes and files of <c>/proc</c> have length 0 and
    /// stay out.
    /// </summary>
    private static List<DataFile> Place(FileInfo[] found)
    {
        var files = new List<DataFile>(found.Length);
        var offset = 0L;
        foreach (var file in found)
        {
            if (file.Length > 0)
            {
                files.Add(new DataFile(file.FullName, offset, file.Length));
                offset = Padded(offset + file.Length);
            }
        }

        return files;
    }

    private static long Padded(long bytes) => (bytes + KeyBytes - 1) / KeyBytes * KeyBytes;
}
