// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Block;

/// <summary>A block device's file: a scratch file, or what a path names behind its label.</summary>
internal sealed class BlockFile : IBlockFile
{
    private readonly FileIo _file; // immutable
    private readonly ulong _start; // immutable; where pages begin in the file
    private readonly string _where; // immutable
    private readonly int _workers; // immutable
    private string _registered = string.Empty; // Guarded by: set once by RegisterBuffers, before transfers

    /// <summary>Takes over an open file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="where">What people call it.</param>
    /// <param name="start">Where pages begin in it.</param>
    /// <param name="workers">How many workers it has where there is no io_uring.</param>
    public BlockFile(FileIo file, string where, ulong start, int workers)
    {
        (_file, _where, _start, _workers) = (file, where, start, workers);
    }

    /// <inheritdoc/>
    public ulong LengthBytes => _file.LengthBytes - _start;

    /// <inheritdoc/>
    public string Description
    {
        get
        {
            var mode = _file.Mode == FileIoMode.Direct ? "O_DIRECT" : "page cache";
            return _file.HasRing
                ? $"io_uring, {mode}{_registered}, {_where}"
                : $"{_workers} workers, {mode}, no io_uring: {_file.WhyNoRing}, {_where}";
        }
    }

    /// <inheritdoc/>
    public string Location => _file.Location;

    /// <inheritdoc/>
    public void Submit(in FileIoRequest request) => _file.Submit(request with { Offset = _start + request.Offset });

    /// <inheritdoc/>
    public Errno Discard(ulong offset, ulong lengthBytes) => _file.PunchHole(_start + offset, lengthBytes);

    /// <inheritdoc/>
    public Errno RegisterBuffers(IReadOnlyList<FileIoBuffers> buffers)
    {
        var error = _file.RegisterBuffers(buffers);
        _registered = error == Errno.None ? ", registered buffers" : string.Empty;
        return error;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
