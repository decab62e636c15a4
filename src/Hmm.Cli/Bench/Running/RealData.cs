// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Cli.Bench.Patterns;

namespace Hmm.Cli.Bench.Running;

/// <summary>
/// What pages hold besides their tags when it is to be real: the files of a folder, one after the other in the order of
/// their paths, and again from the first one when they end.
/// </summary>
internal sealed class RealData : IDisposable
{
    private readonly string[] _files; // immutable
    private FileStream? _file; // owner thread
    private int _next; // owner thread

    private RealData(string[] files) => _files = files;

    /// <summary>Opens a file, or a folder with all regular files below it.</summary>
    /// <exception cref="CommandException">There are no bytes.</exception>
    internal static RealData Open(string path)
    {
        string[] files = Directory.Exists(path)
            ? [.. Directory.EnumerateFiles(path, "*", new EnumerationOptions
            {
                RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint,
            }).Order(StringComparer.Ordinal)]
            : [path];
        files = Array.FindAll(files, static file => File.Exists(file) && new FileInfo(file).Length > 0);
        return files.Length > 0
            ? new RealData(files)
            : throw new CommandException(ExitCode.Data, $"{path} has no bytes to read; name another: --data PATH");
    }

    /// <summary>Fills a page with the next bytes, behind its tag and its count.</summary>
    internal void Fill(Span<ulong> page)
    {
        var bytes = MemoryMarshal.AsBytes(page[PageWriter.TagWords..]);
        while (bytes.Length > 0)
        {
            _file ??= File.OpenRead(_files[_next++ % _files.Length]);
            var read = _file.Read(bytes);
            bytes = bytes[read..];
            if (read == 0)
            {
                _file.Dispose();
                _file = null;
            }
        }
    }

    public void Dispose() => _file?.Dispose();
}
