// SPDX-License-Identifier: MIT
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// Asynchronous transfers at any offset of one file or block device: a bounded queue, and behind it an io_uring
/// with up to 256 requests in flight and one thread, or worker threads that block in the kernel so that the
/// submitter does not, with as many requests in flight as there are workers. A thread with a <see cref="ThreadRing"/>
/// does its own.
/// </summary>
/// <remarks>
/// Thread-safety: every member may be called from several threads at once, except
/// <see cref="Dispose"/>, once. Requests complete in any order; two that overlap must not be in
/// flight together. Submitting allocates nothing.
/// Invariant: submitted = completed + in the queue + at a worker.
/// </remarks>
public sealed partial class FileIo : IDisposable
{
    /// <summary>The most requests that wait: 16384, a whole 64 MiB in single pages.</summary>
    public const int QueueLengthMax = 1 << 14;

    /// <summary>The most workers: 64, beyond which devices stop getting faster.</summary>
    public const int WorkersMax = 64;

    // A worker's frames are small; the default of 8 MiB would only cost address space.
    private const int WorkerStackSizeBytes = 256 << 10;

    private readonly Descriptor _buffered; // Guarded by: immutable
    private readonly Descriptor? _direct; // Guarded by: immutable; the same file with O_DIRECT, null where that fails
    private readonly bool _writable; // Guarded by: immutable
    private readonly bool _lengthMayShrink; // Guarded by: immutable; others can reach the file and truncate it
    private readonly bool _isBlockDevice; // Guarded by: immutable
    private readonly RingTransfers? _uring; // Guarded by: immutable; null: the workers do it
    private readonly Thread[] _workers; // Guarded by: immutable

    private readonly object _gate = new();
    private readonly FileIoRequest[] _ring = new FileIoRequest[QueueLengthMax]; // Guarded by: _gate
    private int _head; // Guarded by: _gate
    private int _count; // Guarded by: _gate
    private volatile bool _closing; // Guarded by: _gate for the writer, atomic for readers
    private volatile FileIoBuffers[]? _registered; // Guarded by: atomic; null: none
    private int _flights; // Guarded by: atomic

    private FileIo(in Opened opened, int workers, bool ring)
    {
        _buffered = opened.Buffered;
        _direct = opened.Direct;
        _writable = opened.Writable;
        _lengthMayShrink = opened.LengthMayShrink;
        _isBlockDevice = opened.IsBlockDevice;
        LengthBytes = opened.LengthBytes;
        Location = DiskLocation.Of(FileStatus.Of(opened.Buffered));
        WhyNoRing = ring ? TryStartRing(out _uring) : "not asked for";
        _workers = new Thread[_uring is null ? workers : 0];
        for (var i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new Thread(Work, WorkerStackSizeBytes)
            {
                IsBackground = true,
                Name = "hmm-io-" + i.ToString(CultureInfo.InvariantCulture),
            };
            _workers[i].Start();
        }
    }

    /// <summary>Whether an io_uring does the transfers, rather than worker threads.</summary>
    public bool HasRing => _uring is not null;

    /// <summary>Why there is no io_uring, as found out when the file was opened; empty if there is one.</summary>
    public string WhyNoRing { get; }

    /// <summary>How the file is reached: found out by a transfer when it was opened.</summary>
    public FileIoMode Mode => _direct is null ? FileIoMode.Buffered : FileIoMode.Direct;

    /// <summary>
    /// What stands between DRAM and the file's disk, outermost first, as below <c>/sys/devices</c>; empty for a file
    /// in DRAM, one step where the kernel does not say.
    /// </summary>
    public string Location { get; }

    /// <summary>
    /// The file's length in bytes when it was opened. No request makes the file longer.
    /// </summary>
    public ulong LengthBytes { get; }

    /// <summary>Why this process cannot use io_uring, found out by doing it; empty if it can.</summary>
    public static string ProbeRing()
    {
        if (IoUring.TryCreate(1, out var ring, out var whyNot))
        {
            ring.Dispose();
        }

        return whyNot;
    }

    /// <summary>Queues one transfer and returns; never waits for the device.</summary>
    /// <param name="request">
    /// The transfer. When the queue is full its target is told <see cref="Errno.ENOMEM"/> before
    /// this returns.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The length, offset, buffer or target is impossible, or a write is not allowed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">Disposal has begun.</exception>
    public void Submit(in FileIoRequest request)
    {
        if (request.LengthBytes <= 0 || request.Buffer == 0 || request.Target is null
            || request.Offset > (ulong)(long.MaxValue - request.LengthBytes) || (request.Write && !_writable))
        {
            ThrowBadRequest(in request);
        }

        if (ThreadRing.Current is { } ring && TryBegin(ring, in request))
        {
            return;
        }

        if (_uring is not null)
        {
            _uring.Submit(in request);
            return;
        }

        bool queued;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing, this);
            queued = _count < QueueLengthMax;
            if (queued)
            {
                _ring[(_head + _count) % QueueLengthMax] = request;
                _count++;
                Monitor.Pulse(_gate);
            }
        }

        // Outside the lock: the target may submit again.
        if (!queued)
        {
            request.Target.Completed(request.Tag, Errno.ENOMEM, 0);
        }
    }

    /// <summary>Waits until what was completed is on the device (fdatasync).</summary>
    /// <returns>
    /// <see cref="Errno.None"/>, or why not; after an error earlier writes may be lost.
    /// </returns>
    public Errno Flush()
    {
        while (true)
        {
            var result = LibC.fdatasync(_buffered);
            var error = LinuxError.Last();
            if (result == 0)
            {
                return Errno.None;
            }

            if (!LinuxError.IsInterrupted(error))
            {
                return error;
            }
        }
    }

    /// <summary>Gives the device back the room of a span, which then reads as zeros.</summary>
    /// <param name="offset">The first byte's offset.</param>
    /// <param name="lengthBytes">
    /// At least 1; room comes back in whole blocks of the file system.
    /// </param>
    /// <returns>
    /// <see cref="Errno.None"/>; <see cref="Errno.EOPNOTSUPP"/>: this file system cannot.
    /// </returns>
    public Errno PunchHole(ulong offset, ulong lengthBytes) => _isBlockDevice
        ? Discard(offset, lengthBytes)
        : FileStatus.PunchHole(_buffered, offset, lengthBytes);

    /// <summary>
    /// Registers memory that most transfers come from or go to, once for the life of the file, so that the kernel need
    /// not look up its pages for each. It is locked in DRAM from then on. Transfers elsewhere work as before. A
    /// <see cref="ThreadRing"/> that this file is used from registers it as well, if it has registered none.
    /// </summary>
    /// <param name="buffers">The memory; it outlives this object and the rings of threads that use it.</param>
    /// <returns>
    /// <see cref="Errno.None"/>; <see cref="Errno.ENOMEM"/>: more than the limit on locked memory;
    /// <see cref="Errno.EOPNOTSUPP"/>: there is no io_uring.
    /// </returns>
    public Errno RegisterBuffers(IReadOnlyList<FileIoBuffers> buffers)
    {
        ArgumentNullException.ThrowIfNull(buffers);
        if (_uring is null)
        {
            return Errno.EOPNOTSUPP;
        }

        FileIoBuffers[] pieces = [.. buffers];
        var error = _uring.RegisterBuffers(pieces);
        _registered = error == Errno.None ? pieces : null;
        return error;
    }

    /// <summary>
    /// Completes every request that was submitted, ends the workers and closes the file.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// Called by a completion or a thread with a <see cref="ThreadRing"/>: it would wait for itself.
    /// </exception>
    public void Dispose()
    {
        if (Array.IndexOf(_workers, Thread.CurrentThread) >= 0 || _uring?.IsOwnThread == true
            || ThreadRing.Current is not null)
        {
            throw new InvalidOperationException(
                "A completion, or a thread with a ring, must not dispose a FileIo; dispose it on another thread.");
        }

        lock (_gate)
        {
            _closing = true;
            Monitor.PulseAll(_gate);
        }

        foreach (var worker in _workers)
        {
            worker.Join();
        }

        _uring?.Dispose();
        lock (_gate)
        {
            while (Volatile.Read(ref _flights) > 0)
            {
                Monitor.Wait(_gate);
            }
        }

        _direct?.Dispose();
        _buffered.Dispose();
    }

    internal FileIoBuffers[]? RegisteredBuffers => _registered;

    internal int NumberOf(bool direct) => (int)(direct ? _direct! : _buffered).DangerousGetHandle();

    // A ring has a transfer of this file, which keeps its descriptors open.
    internal void BeginFlight() => Interlocked.Increment(ref _flights);

    internal void EndFlight()
    {
        if (Interlocked.Decrement(ref _flights) == 0 && _closing)
        {
            lock (_gate)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }

    private bool TryBegin(ThreadRing ring, in FileIoRequest request)
    {
        if (_direct is null)
        {
            return false; // see TryStartRing
        }

        // Counted before the look at _closing: disposal either waits for it, or is seen.
        BeginFlight();
        var begun = !_closing && ring.TryBegin(this, in request);
        EndFlight();
        return begun;
    }

    // Through the page cache every request would be handed to a kernel thread, and writes to one of them one after the
    // other: workers are no worse there.
    private string TryStartRing(out RingTransfers? ring)
    {
        ring = null;
        return _direct is null
            ? "the file system has no O_DIRECT"
            : RingTransfers.TryStart(this, out ring);
    }

    [DoesNotReturn]
    private static void ThrowBadRequest(in FileIoRequest request) => throw new ArgumentException(
        $"The request ({(request.Write ? "write" : "read")} of {request.LengthBytes} bytes at {request.Offset}, buffer "
        + $"0x{request.Buffer:x}) is impossible: it needs a length of at least 1, an offset below 2^63, a buffer, a "
        + "target, and for a write a file opened for writing.",
        nameof(request));
}
