// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Core.Physical;

/// <summary>
/// Hands out the frames of one span. A cursor moves on (next fit), so that neighbours in time
/// become neighbours on the device.
/// </summary>
/// <remarks>
/// Thread-safety: every member takes one lock, held without allocation or call-out, for tens of
/// nanoseconds. The bits before the first frame (<c>_phase</c>) are used for ever. They make bit
/// positions congruent to frame numbers, so that an aligned group of bits is an aligned run of
/// frames.
/// Invariant: frames handed out == allocations - frees; used bits == handed out + taken + padding.
/// </remarks>
internal sealed partial class FrameAllocator : IDisposable
{
    /// <summary>The highest order: 9, so 512 frames (2 MiB), the largest page.</summary>
    public const int OrderMax = FrameBitmap.OrderMax;

    // Below this a run at hand is left for a single, and a whole empty word of the bitmap is looked
    // for.
    private const int GoodRun = 64;

    private readonly Lock _gate = new();
    private readonly long _phase; // immutable
    private readonly FrameBitmap _bitmap; // Guarded by: _gate
    private long _cursor; // Guarded by: _gate
    private long _allocations; // Guarded by: _gate
    private long _frees; // Guarded by: _gate
    private long _taken; // Guarded by: _gate
    private bool _suspended; // Guarded by: _gate
    private bool _closed; // Guarded by: _gate

    /// <param name="frames">How many frames, at least 1.</param>
    /// <param name="phase">The first frame's number modulo 512.</param>
    /// <exception cref="HmmException">ENOMEM: no address space for the bitmap.</exception>
    public FrameAllocator(long frames, int phase)
    {
        Corruption.Require(frames > 0 && phase is >= 0 and < 1 << OrderMax, "a span has frames and a phase below 512");
        Frames = frames;
        _phase = phase;
        _cursor = phase;
        _bitmap = new FrameBitmap(phase + frames);
        _bitmap.MarkUsed(0, phase);
    }

    /// <summary>How many frames there are.</summary>
    public long Frames { get; }

    /// <summary>How many are handed out, were ever handed out, and ever came back.</summary>
    public (long Used, long Allocations, long Frees) Counts
    {
        get
        {
            lock (_gate)
            {
                return (UsedLocked, _allocations, _frees);
            }
        }
    }

    private long UsedLocked => _allocations - _frees;

    private long BusyLocked => UsedLocked + _taken;

    /// <summary>
    /// Stops or resumes handing out. When a stop returns, no allocation is still to come.
    /// </summary>
    public void SetSuspended(bool suspended)
    {
        lock (_gate)
        {
            _suspended = suspended;
        }
    }

    /// <summary>Hands out 1 to <paramref name="countMax"/> neighbouring frames.</summary>
    public bool TryAllocateRun(int countMax, out long first, out int count)
    {
        Corruption.Require(countMax > 0, "a run has at least one frame");
        first = 0;
        count = 0;
        lock (_gate)
        {
            AssertOpenLocked();
            if (!TryFindRunLocked(countMax, out var bit, out var length))
            {
                return false;
            }

            TakeLocked(bit, length);
            first = bit - _phase;
            count = (int)length;
            return true;
        }
    }

    /// <summary>
    /// Hands out 2^<paramref name="order"/> neighbouring frames, aligned to their number.
    /// </summary>
    public bool TryAllocateOrder(int order, out long first)
    {
        Corruption.Require(order is >= 0 and <= OrderMax, "an order is at most 9");
        first = 0;
        lock (_gate)
        {
            AssertOpenLocked();
            if (_suspended || Frames - BusyLocked < 1L << order)
            {
                return false;
            }

            var bit = _bitmap.FindGroup(order, _cursor);
            if (bit < 0)
            {
                bit = _bitmap.FindGroup(order, 0);
            }

            if (bit < 0)
            {
                return false;
            }

            TakeLocked(bit, 1L << order);
            first = bit - _phase;
            return true;
        }
    }

    /// <summary>
    /// Takes frames back. False, and nothing happens: one of them is not handed out.
    /// </summary>
    public bool TryFree(long first, long count)
    {
        lock (_gate)
        {
            AssertOpenLocked();
            if (first < 0 || count <= 0 || first > Frames - count || !_bitmap.AllUsed(first + _phase, count))
            {
                return false;
            }

            _bitmap.MarkFree(first + _phase, count);
            _frees += count;
            return true;
        }
    }

    /// <summary>The first frame at or after <paramref name="from"/> that is handed out.</summary>
    public bool TryNextUsed(long from, out long used)
    {
        lock (_gate)
        {
            AssertOpenLocked();
            var bit = _bitmap.NextUsed(from + _phase);
            used = bit - _phase;
            return bit >= 0;
        }
    }

    /// <summary>
    /// Gives the bitmap's memory back. Only <see cref="Counts"/> may be read afterwards.
    /// </summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            _bitmap.Dispose();
        }
    }

    private void AssertOpenLocked() => Corruption.Require(!_closed, "the frames of a removed page map are left alone");

    private void TakeLocked(long bit, long length)
    {
        _bitmap.MarkUsed(bit, length);
        _allocations += length;
        _cursor = bit + length;
        Corruption.Require(BusyLocked <= Frames, "no more frames are handed out than there are");
    }

    /// <summary>Finds neighbouring free frames, a long run where one is at hand.</summary>
    private bool TryFindRunLocked(int countMax, out long bit, out long length)
    {
        (bit, length) = (0, 0);
        if (_suspended || BusyLocked == Frames)
        {
            return false;
        }

        bit = _bitmap.FindFree(_cursor);
        if (bit < 0)
        {
            bit = _bitmap.FindFree(0);
        }

        Corruption.Require(bit >= 0, "a span that is not full has a free frame");
        length = _bitmap.FreeLength(bit, countMax);
        if (length < Math.Min(countMax, GoodRun) && _bitmap.TryFindEmptyWord(bit, out var emptyBit))
        {
            bit = emptyBit;
            length = _bitmap.FreeLength(bit, countMax);
        }

        return true;
    }
}
