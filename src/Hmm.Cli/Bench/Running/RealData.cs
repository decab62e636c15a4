// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Demo;

namespace Hmm.Cli.Bench.Running;

/// <summary>
/// What pages hold besides their tags when it is to be real: the files of a folder, one after the other in the order of
/// their paths, and again from the first one when they end.
/// </summary>
internal sealed class RealData : IDisposable
{
    private readonly IReadOnlyList<DataFile> _files; // immutable
    private FileStream? _file; // owner thread
    private int _next; // owner thread

    private RealData(IReadOnlyList<DataFile> files) => _files = files;

    /// <summary>Opens a file, or a folder with all regular files below it.</summary>
    /// <exception cref="CommandException">It is missing, unreadable, or holds no bytes.</exception>
    internal static RealData Open(string path) => new(DataSet.Find(path).Files);

    /// <summary>Fills a page with the next bytes, behind its tag and its count.</summary>
    internal void Fill(Span<ulong> page)
    {
        var bytes = MemoryMarshal.AsBytes(page[PageWriter.TagWords..]);
        while (bytes.Length > 0)
        {
            _file ??= File.OpenRead(_files[_next++ % _files.Count].Path);
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
