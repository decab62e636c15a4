// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Core.Virtual;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Host.Files;

/// <summary>
/// A file that a client maps, as memory: frame n is page n of the file, for as long as the mapping lives. A private
/// mapping only reads it; a shared one is written back to it. Past the file's length, as it was when it was mapped, a
/// frame reads as zeros and what is written to it goes nowhere.
/// </summary>
/// <remarks>
/// Threads: hooks from any; completions on the file's, or on one that has a ring of its own and asked. Frames are never
/// handed out or freed one by one: page n of the range has frame n by its position alone, so this memory takes no
/// evictions of other pages.
/// </remarks>
internal sealed unsafe class MappedFile : IDeviceMemoryOps, IFileIoCompletion, IDisposable
{
    /// <summary>
    /// Transfers that run at once without a ring: enough for a disk to overlap them, few enough for two cores.
    /// </summary>
    public const int WorkersDefault = 4;

    // Every segment that the core can have under way: 64 operations of 64 segments.
    private const int CopiesMax = 4096;
    private const long WriteTag = 1L << 32;

    private readonly FileIo _file; // immutable
    private readonly ulong _fileBytes; // immutable
    private readonly CopyTable _copies = new(CopiesMax);
    private readonly Device _device; // immutable
    private readonly PageMap _pageMap; // immutable
    private readonly Pfn _first; // immutable

    /// <summary>Makes a file's span of physical addresses.</summary>
    /// <param name="memory">The physical address space.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="file">The file; owned from here on.</param>
    /// <param name="rangeBytes">
    /// The length of the range: a multiple of 4096, at least <paramref name="fileBytes"/>.
    /// </param>
    /// <param name="fileBytes">How much of the file is mapped, from its start.</param>
    public MappedFile(PhysicalMemory memory, string name, FileIo file, ulong rangeBytes, ulong fileBytes)
    {
        _file = file;
        _fileBytes = fileBytes;
        _device = new Device(name, memory);
        try
        {
            _device.Managed.Add(_file.Dispose, "file");
            var resource = _device.Managed.RequestFree(
                memory.Resources, rangeBytes, Pfn.SizeBytes, name, ResourceKind.Generic);
            _pageMap = _device.Managed.CreatePageMap(memory, new PageMapOptions
            {
                Name = name,
                Type = PageMapType.Generic,
                Owner = _device,
                Spans = [new PageMapSpan(resource)],
                Ops = this,
            });
            _first = Pfn.FromAddress(resource.Start);
        }
        catch
        {
            _device.Remove();
            throw;
        }
    }

    /// <summary>The frames, for the range.</summary>
    public HomeFrames Home => new(_pageMap, _first);

    /// <summary>Waits until everything that was written is on the disk.</summary>
    public Errno Sync() => _file.Flush();

    /// <inheritdoc/>
    public void Fault(CopyBatch batch) => Submit(batch, write: false);

    /// <inheritdoc/>
    public void Evict(CopyBatch batch) => Submit(batch, write: true);

    /// <inheritdoc/>
    public void Free(Pfn first, int frameCount)
    {
        // The frames stand for the file's pages, not for anything that could be given back.
    }

    /// <inheritdoc/>
    public void Completed(long tag, Errno error, int bytesTransferred)
    {
        var number = (int)tag;
        var segment = _copies.Peek(number);
        var expected = BytesInFile(segment);
        if (error == Errno.None && bytesTransferred < expected)
        {
            // Somebody cut the file short while it was mapped: the kernel's mmap raises SIGBUS here.
            error = Errno.EIO;
        }

        if (error == Errno.None && (tag & WriteTag) == 0)
        {
            ClearTail(segment, expected);
        }

        _copies.Complete(number, error);
    }

    /// <inheritdoc/>
    public void Dispose() => _device.Remove();

    private void Submit(CopyBatch batch, bool write)
    {
        // Read first: the last completion may recycle the batch while this loop still runs.
        var count = batch.Count;
        for (var i = 0; i < count; i++)
        {
            var segment = batch[i];
            var bytes = BytesInFile(segment);
            if (bytes == 0)
            {
                if (!write)
                {
                    ClearTail(segment, 0);
                }

                batch.Complete(i);
            }
            else if (_copies.TryAdd(batch, i, out var number))
            {
                // A whole number of pages, so that it can go direct; the file ends it where it must.
                _file.Submit(new FileIoRequest(
                    write,
                    OffsetOf(segment),
                    segment.Buffer,
                    segment.LengthBytes,
                    this,
                    write ? WriteTag + number : number));
            }
            else
            {
                batch.Complete(i, Errno.ENOMEM);
            }
        }
    }

    private ulong OffsetOf(in CopySegment segment) => (ulong)(segment.First - _first) << Pfn.Shift;

    private int BytesInFile(in CopySegment segment)
    {
        var offset = OffsetOf(segment);
        return offset >= _fileBytes ? 0 : (int)Math.Min((ulong)segment.LengthBytes, _fileBytes - offset);
    }

    private static void ClearTail(in CopySegment segment, int from)
    {
        // Safe because the segment's buffer is LengthBytes long and from is at most that.
        new Span<byte>((void*)(segment.Buffer + from), segment.LengthBytes - from).Clear();
    }
}
