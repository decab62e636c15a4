// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Pmem;
using Hmm.Uapi;

namespace Hmm.Modules.Pmem;

/// <summary>
/// A file as device memory: frame n is 4 KiB at offset n * 4096. What is evicted goes to free frames, and its CRC32C to
/// the frame's driver word until a checkpoint takes both into the table of a range.
/// </summary>
/// <remarks>
/// Threads: hooks from any; copies on the workers. Invariant: the driver word of a frame that was written is its
/// checksum with <see cref="WrittenBit"/> set.
/// </remarks>
internal sealed class PmemDevice : IPersistentDevice, ICopyTarget
{
    private const ulong WrittenBit = 1UL << 32;

    private readonly PmemFile _file; // immutable
    private readonly PmemStore _store; // immutable
    private readonly FileMapping? _mapping; // immutable
    private readonly CopyWorkers _workers; // immutable
    private readonly Lock _gate = new();
    private readonly HashSet<string> _writers = []; // Guarded by: _gate; ranges that are open to go on
    private DeviceMemory _memory = null!; // Guarded by: set once by Attach, before any hook
    private Pfn _first; // Guarded by: set once by Attach, before any hook

    public PmemDevice(PmemFile file, PmemStore store, string map, int workers)
    {
        _file = file;
        _store = store;
        _mapping = map == "never" ? null : file.TryMap(synchronous: map == "auto");
        _workers = new CopyWorkers(workers);
    }

    /// <inheritdoc/>
    public ulong SizeBytes => PmemFormat.OffsetOf(_store.FrameCount);

    /// <inheritdoc/>
    public nint CpuAddress => _mapping?.Address ?? 0;

    /// <inheritdoc/>
    public IReadOnlyList<PersistentCheckpoint> Checkpoints => [.. _store.Checkpoints.Select(Describe)];

    /// <summary>Where the store takes frames.</summary>
    internal DeviceSpace Space { get; private set; } = null!; // Guarded by: set once by Attach, before any hook

    /// <inheritdoc/>
    public void Attach(DeviceMemory memory, Pfn first)
    {
        _memory = memory;
        _first = first;
        Space = new DeviceSpace(memory, first);
        Space.TakeAll(_store.FramesInUse(), _store.FrameCount);
    }

    /// <inheritdoc/>
    public IPersistentImage OpenImage(PersistentCheckpoint wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var name = FixedName.Create(wanted.Name);
        lock (_gate)
        {
            var record = _store.Find(name, wanted.Sequence);
            if (record is null && wanted.Sequence != 0)
            {
                throw new HmmException(
                    Errno.ENOENT,
                    $"Range '{wanted.Name}' has no checkpoint {wanted.Sequence}; 'hmm pmem list' lists those it has.");
            }

            if (record is not null)
            {
                CheckSame(record, wanted);
            }

            if (wanted.Sequence != 0)
            {
                _store.Hold(record!);
                return new PmemImage(this, _file, _store, _workers, wanted, record);
            }

            if (!_writers.Add(wanted.Name))
            {
                throw new HmmException(
                    Errno.EBUSY,
                    $"Range '{wanted.Name}' is open already; close it there, or open one of its checkpoints.");
            }

            return new PmemImage(this, _file, _store, _workers, wanted, record);
        }
    }

    /// <inheritdoc/>
    public void Fault(CopyBatch batch) => _workers.Add(batch, this, write: false);

    /// <inheritdoc/>
    public void Evict(CopyBatch batch) => _workers.Add(batch, this, write: true);

    /// <inheritdoc/>
    public void Free(Pfn first, int frameCount)
    {
        // The room stays with the file: what comes next is written over it.
    }

    /// <inheritdoc/>
    public unsafe Errno Copy(in CopySegment segment, bool write)
    {
        // Safe because the segment's buffer is its own until it is completed.
        var buffer = new Span<byte>((void*)segment.Buffer, segment.LengthBytes);
        var offset = PmemFormat.OffsetOf((ulong)(segment.First - _first));
        if (write)
        {
            for (var i = 0; i < segment.FrameCount; i++)
            {
                _memory.DriverWord(segment.First + i) = WrittenBit | ChecksumOf(buffer, i);
            }

            return _file.Write(offset, buffer);
        }

        return Read(segment.First, segment.FrameCount, offset, buffer);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _workers.Dispose();
        _mapping?.Dispose();
        _file.Dispose();
    }

    /// <summary>What a table says of a frame that was written.</summary>
    internal FramePointer PointerTo(Pfn frame)
    {
        var word = _memory.DriverWord(frame);
        return (word & WrittenBit) != 0
            ? new FramePointer((ulong)(frame - _first), (uint)word)
            : throw new InvalidOperationException($"{frame} goes into a checkpoint and was never written.");
    }

    /// <summary>An image that could be committed is closed.</summary>
    internal void Close(string name)
    {
        lock (_gate)
        {
            _writers.Remove(name);
        }
    }

    private static uint ChecksumOf(ReadOnlySpan<byte> buffer, int frame) =>
        Crc32C.Of(buffer.Slice(frame << Pfn.Shift, Pfn.SizeBytes));

    private static PersistentCheckpoint Describe(StoredCheckpoint record) => new(
        record.Name.ToString(),
        record.Sequence,
        record.TimeNs,
        record.PageCount,
        record.LengthBytes,
        record.ElementBytes,
        record.UserId,
        record.PagesWritten);

    private static void CheckSame(StoredCheckpoint record, PersistentCheckpoint wanted)
    {
        if (wanted.UserId != record.UserId && wanted.UserId != 0)
        {
            throw new HmmException(
                Errno.EACCES, $"Range '{wanted.Name}' belongs to user {record.UserId}; open it as that user.");
        }

        if (wanted.LengthBytes != record.LengthBytes || wanted.ElementBytes != record.ElementBytes
            || wanted.PageCount != record.PageCount)
        {
            throw new HmmException(
                Errno.EINVAL,
                $"Range '{wanted.Name}' has {record.LengthBytes} bytes in elements of {record.ElementBytes}, not "
                    + $"{wanted.LengthBytes} in elements of {wanted.ElementBytes}; open it as what it is.");
        }
    }

    private Errno Read(Pfn first, int count, ulong offset, Span<byte> buffer)
    {
        var error = _file.Read(offset, buffer);
        for (var i = 0; i < count && error == Errno.None; i++)
        {
            error = _memory.DriverWord(first + i) == (WrittenBit | ChecksumOf(buffer, i)) ? Errno.None : Errno.EIO;
        }

        return error;
    }
}
