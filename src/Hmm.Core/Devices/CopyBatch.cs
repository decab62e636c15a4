// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Uapi;

namespace Hmm.Core.Devices;

/// <summary>
/// A batch of copies between frames of one page map and buffers in DRAM, handed to a driver's
/// <see cref="IDeviceMemoryOps.Fault"/> or <see cref="IDeviceMemoryOps.Evict"/>. The driver completes its segments in
/// any order, from any thread, each exactly once; completing one twice is a defect that ends the host.
/// </summary>
/// <remarks>
/// Ownership: the core owns the batch and reuses it once every segment is complete. A driver drops its reference with
/// the last <see cref="Complete"/> that it calls.
/// Invariant: completed segments + pending segments == <see cref="Count"/>.
/// </remarks>
[ExportSymbolGpl]
public abstract class CopyBatch
{
    /// <summary>The most segments of a batch: 64, one bit each in the pending mask.</summary>
    public const int SegmentsMax = 64;

    /// <summary>The most frames of a batch, and so of a segment: 512 (2 MiB), the largest page.</summary>
    public const int FramesMax = 512;

    /// <summary>
    /// The most evictions of one device that are under way at a time: 32, as many as there are buffers
    /// for them. A driver may have as many places and no more.
    /// </summary>
    public const int EvictionsMax = 32;

    private const int StageBits = 3;

    private readonly CopySegment[] _segments = new CopySegment[SegmentsMax]; // Guarded by: owner until handed over
    private readonly int[] _firstFrames = new int[SegmentsMax]; // Guarded by: owner until handed over
    private readonly Errno[] _errors = new Errno[SegmentsMax]; // Guarded by: the completer of the segment
    private readonly ulong[] _refused = new ulong[FramesMax / 64]; // Guarded by: atomic; a bit each frame of the batch
    private CopyCounters? _counters; // Guarded by: owner until handed over
    private bool _isWrite; // Guarded by: owner until handed over
    private int _count; // Guarded by: owner until handed over
    private int _frameCount; // Guarded by: owner until handed over
    private ulong _pending; // Guarded by: atomic
    private ulong _overdue; // Guarded by: whoever expires the batch, then immutable until it is complete
    private long _life; // Guarded by: atomic; the tick at which it was handed over, and a Stage in the lowest bits

    /// <summary>The number of segments, 1 to <see cref="SegmentsMax"/>.</summary>
    public int Count => _count;

    /// <summary>Segment <paramref name="index"/>.</summary>
    public ref readonly CopySegment this[int index] => ref _segments[index];

    /// <summary>
    /// Reports segment <paramref name="index"/> as done. Thread-safe. The last completion runs the core's continuation
    /// (installing pages, or releasing DRAM) on the calling thread: a few microseconds per page.
    /// </summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    /// <param name="error">
    /// <see cref="Errno.None"/>, or why the copy failed; the core then keeps or poisons the pages.
    /// </param>
    public void Complete(int index, Errno error = Errno.None)
    {
        if ((uint)index >= (uint)_count)
        {
            ThrowNoSuchSegment(index);
        }

        _errors[index] = error;
        var bit = 1UL << index;
        var before = Interlocked.And(ref _pending, ~bit);
        if ((before & bit) == 0)
        {
            Corruption.Fail($"a driver completed segment {index} of a batch of {_count} twice");
        }

        if (before == bit)
        {
            End();
        }
    }

    /// <summary>
    /// Turns down one frame of an eviction, before its segment is completed: the page is not for
    /// this device (it does not compress, or there is no room for it now). The segment's other
    /// frames hold theirs. The core frees this frame and sends its page to the next device; no
    /// error is counted. Thread-safe.
    /// </summary>
    /// <param name="index">The segment.</param>
    /// <param name="frame">The frame in the segment, from 0. One frame of a larger page turns down the page.</param>
    public void Refuse(int index, int frame)
    {
        if ((uint)index >= (uint)_count || (uint)frame >= (uint)_segments[index].FrameCount)
        {
            ThrowNoSuchSegment(index);
        }

        var bit = _firstFrames[index] + frame;
        Interlocked.Or(ref _refused[bit >> 6], 1UL << (bit & 63));
    }

    /// <summary>Reports every segment as done, in order.</summary>
    public void CompleteAll(Errno error = Errno.None)
    {
        // The last completion may recycle the batch: the count must be read before it.
        var count = _count;
        for (var i = 0; i < count; i++)
        {
            Complete(i, error);
        }
    }

    /// <summary>
    /// Ends the batch without its driver if it was handed over at a tick or before and is not complete: for the core,
    /// segments that the driver still has failed with ETIMEDOUT. Their frames and buffers are the driver's all the same
    /// until it completes them (<see cref="OnLate"/>), and the batch is never handed over again.
    /// </summary>
    internal bool TryExpire(long tick)
    {
        var life = Volatile.Read(ref _life);
        if (StageOf(life) != Stage.UnderWay || life >> StageBits > tick
            || Interlocked.CompareExchange(ref _life, With(life, Stage.Expiring), life) != life)
        {
            return false;
        }

        // The stage first: from here on the last completion leaves the continuation to this thread.
        IsExpired = true;
        _overdue = Volatile.Read(ref _pending);
        Hold();
        CountCompleted();
        OnCompleted();
        if (Interlocked.CompareExchange(ref _life, With(life, Stage.Expired), With(life, Stage.Expiring))
            != With(life, Stage.Expiring))
        {
            EndLate(); // The driver came just too late.
        }

        return true;
    }

    /// <summary>Whether it ended without its driver.</summary>
    private protected bool IsExpired { get; private set; }

    private protected Errno ErrorOf(int index) => IsOverdue(index) ? Errno.ETIMEDOUT : _errors[index];

    /// <summary>Whether the driver still had a segment when the batch expired.</summary>
    private protected bool IsOverdue(int index) => (_overdue & (1UL << index)) != 0;

    /// <summary>Whether any of the frames of a segment from <paramref name="frame"/> on was turned down.</summary>
    private protected bool IsRefused(int index, int frame, int frameCount)
    {
        for (var bit = _firstFrames[index] + frame; frameCount > 0; bit++, frameCount--)
        {
            if ((_refused[bit >> 6] & (1UL << (bit & 63))) != 0)
            {
                return true;
            }
        }

        return false;
    }

    private protected void ResetSegments()
    {
        _count = 0;
        _frameCount = 0;
        Array.Clear(_refused);
    }

    private protected void AddSegment(Pfn first, int frameCount, nint buffer)
    {
        Corruption.Require(
            _count < SegmentsMax && frameCount > 0 && frameCount <= FramesMax - _frameCount,
            "a copy batch is within its limits");
        _firstFrames[_count] = _frameCount;
        _segments[_count++] = new CopySegment(first, frameCount, buffer);
        _frameCount += frameCount;
    }

    /// <summary>Marks every segment pending; from here the batch belongs to the driver.</summary>
    /// <param name="counters">Where the copies are counted; null: nowhere.</param>
    /// <param name="write">Whether they go to the device.</param>
    /// <param name="tick">When, for its deadline; see <see cref="TryExpire"/>.</param>
    private protected void HandOver(CopyCounters? counters = null, bool write = false, long tick = 0)
    {
        Corruption.Require(
            _count > 0 && _pending == 0 && StageOf(Volatile.Read(ref _life)) == Stage.Idle,
            "a copy batch is handed over once, with segments");
        (_counters, _isWrite) = (counters, write);
        counters?.Begin();
        Volatile.Write(ref _pending, _count == 64 ? ulong.MaxValue : (1UL << _count) - 1);

        // In this order: a repetition may be due at once, and whoever expires it must see what is pending.
        Volatile.Write(ref _life, (tick << StageBits) | (long)Stage.UnderWay);
    }

    private protected abstract void OnCompleted();

    /// <summary>
    /// The batch expires: keeps the frames of every segment for which <see cref="IsOverdue"/> holds from being handed
    /// out again, whatever becomes of their pages.
    /// </summary>
    private protected virtual void Hold()
    {
    }

    /// <summary>
    /// The driver has completed the last segment of a batch that had expired: lets go what <see cref="Hold"/> kept, and
    /// the buffer.
    /// </summary>
    private protected virtual void OnLate()
    {
    }

    private static Stage StageOf(long life) => (Stage)(life & ((1 << StageBits) - 1));

    private static long With(long life, Stage stage) => (life >> StageBits << StageBits) | (long)stage;

    /// <summary>
    /// The last segment is complete. Who goes on is whoever moves the stage: this thread, or one that expires the batch
    /// at the same moment.
    /// </summary>
    private void End()
    {
        while (true)
        {
            var life = Volatile.Read(ref _life);
            switch (StageOf(life))
            {
                case Stage.UnderWay:
                    if (Interlocked.CompareExchange(ref _life, With(life, Stage.Idle), life) == life)
                    {
                        _counters?.Leave(_isWrite, late: false);
                        CountCompleted();
                        OnCompleted();
                        return;
                    }

                    break;
                case Stage.Expiring:
                    if (Interlocked.CompareExchange(ref _life, With(life, Stage.Late), life) == life)
                    {
                        return; // Whoever expires it ends it, too.
                    }

                    break;
                default:
                    EndLate();
                    return;
            }
        }
    }

    private void EndLate()
    {
        OnLate();
        _counters?.Leave(_isWrite, late: true);
    }

    private void CountCompleted()
    {
        var frames = 0L;
        var failed = 0;
        for (var i = 0; i < _count; i++)
        {
            var error = ErrorOf(i);
            frames += error == Errno.None ? _segments[i].FrameCount : 0;
            failed += error == Errno.None ? 0 : 1;
        }

        _counters?.End(_isWrite, frames, failed, IsExpired);
    }

    [DoesNotReturn]
    private static void ThrowNoSuchSegment(int index) =>
        throw new ArgumentOutOfRangeException(
            nameof(index), index, "The batch has no such segment, or it no such frame.");

    /// <summary>
    /// Whose turn it is.
    /// <code>
    ///   Idle --hand over--> UnderWay --last completion--> Idle
    ///                       UnderWay --deadline--> Expiring --continued--> Expired --last completion, which is late
    ///                                              Expiring --last completion--> Late, ended by whoever expires it
    /// </code>
    /// </summary>
    private enum Stage
    {
        Idle,
        UnderWay,
        Expiring,
        Expired,
        Late,
    }
}
