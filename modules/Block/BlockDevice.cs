// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Block;

/// <summary>
/// Device memory in a scratch file: frame n of the device is page n of the file. Each frame's CRC32C is kept in its
/// driver word while it holds a page, and checked on every read: the disk may fail, but never quietly.
/// </summary>
/// <remarks>
/// Threads: hooks from any; completions on the file's workers.
/// Invariant: the driver word of a frame that was written is its checksum with <see cref="WrittenBit"/> set.
/// </remarks>
internal sealed class BlockDevice : IDriverDevice, IFileIoCompletion
{
    private const ulong WrittenBit = 1UL << 32;
    private const long WriteTag = 1L << 32;

    private readonly FileIo _file; // immutable
    private readonly CopyTable _copies = new(FileIo.QueueLengthMax);
    private DeviceMemory _memory = null!; // Guarded by: set once by Attach, before any hook
    private Pfn _first; // Guarded by: set once by Attach, before any hook

    public BlockDevice(FileIo file)
    {
        _file = file;
    }

    /// <inheritdoc/>
    public ulong SizeBytes => _file.LengthBytes;

    /// <inheritdoc/>
    public void Attach(DeviceMemory memory, Pfn first)
    {
        _memory = memory;
        _first = first;
    }

    /// <inheritdoc/>
    public void Fault(CopyBatch batch) => Submit(batch, write: false);

    /// <inheritdoc/>
    public void Evict(CopyBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        for (var i = 0; i < batch.Count; i++)
        {
            var segment = batch[i];
            for (var frame = 0; frame < segment.FrameCount; frame++)
            {
                var checksum = Checksum.OfFrame(segment.Buffer + (frame << Pfn.Shift));
                _memory.DriverWord(segment.First + frame) = WrittenBit | checksum;
            }
        }

        Submit(batch, write: true);
    }

    /// <inheritdoc/>
    public void Free(Pfn first, int frameCount)
    {
        // The room stays with the file: the next eviction writes over it, which costs less than punching it out.
    }

    /// <inheritdoc/>
    public void Completed(long tag, Errno error, int bytesTransferred)
    {
        var number = (int)tag;
        var segment = _copies.Peek(number);
        if (error == Errno.None && bytesTransferred != segment.LengthBytes)
        {
            error = Errno.EIO;
        }

        if (error == Errno.None && (tag & WriteTag) == 0)
        {
            error = Check(segment);
        }

        _copies.Complete(number, error);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Submit(CopyBatch batch, bool write)
    {
        // The last completion may recycle the batch while this loop still runs: everything is read before.
        var count = batch.Count;
        for (var i = 0; i < count; i++)
        {
            var segment = batch[i];
            if (!_copies.TryAdd(batch, i, out var number))
            {
                batch.Complete(i, Errno.ENOMEM);
                continue;
            }

            var offset = (ulong)(segment.First - _first) << Pfn.Shift;
            var tag = write ? WriteTag + number : number;
            _file.Submit(new FileIoRequest(write, offset, segment.Buffer, segment.LengthBytes, this, tag));
        }
    }

    private Errno Check(in CopySegment segment)
    {
        for (var frame = 0; frame < segment.FrameCount; frame++)
        {
            var expected = _memory.DriverWord(segment.First + frame);
            if (expected != (WrittenBit | Checksum.OfFrame(segment.Buffer + (frame << Pfn.Shift))))
            {
                return Errno.EIO;
            }
        }

        return Errno.None;
    }
}
