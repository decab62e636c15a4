// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Physical;

/// <content>
/// Frames that their device has taken for itself: used, but handed out to nobody. They have no holder and no metadata,
/// so a device may take all of a large medium at no cost.
/// </content>
internal sealed partial class FrameAllocator
{
    /// <summary>How many frames the device has taken.</summary>
    public long Taken
    {
        get
        {
            lock (_gate)
            {
                return _taken;
            }
        }
    }

    /// <summary>Takes 1 to <paramref name="countMax"/> neighbouring free frames.</summary>
    public bool TryTakeRun(int countMax, out long first, out int count)
    {
        Corruption.Require(countMax > 0, "a run has at least one frame");
        lock (_gate)
        {
            AssertOpenLocked();
            var found = TryFindRunLocked(countMax, out var bit, out var length);
            if (found)
            {
                MarkTakenLocked(bit, length);
            }

            first = bit - _phase;
            count = (int)length;
            return found;
        }
    }

    /// <summary>Takes certain frames. False, and nothing happens: one of them is used.</summary>
    public bool TryTakeAt(long first, long count)
    {
        lock (_gate)
        {
            AssertOpenLocked();
            var isFree = first >= 0 && count > 0 && first <= Frames - count
                && _bitmap.NextUsed(first + _phase) is var used && (used < 0 || used >= first + _phase + count);
            if (isFree)
            {
                MarkTakenLocked(first + _phase, count);
            }

            return isFree;
        }
    }

    /// <summary>Turns frames that were handed out into taken ones.</summary>
    public bool TryKeep(long first, long count)
    {
        lock (_gate)
        {
            AssertOpenLocked();
            if (first < 0 || count <= 0 || first > Frames - count || !_bitmap.AllUsed(first + _phase, count))
            {
                return false;
            }

            _frees += count;
            _taken += count;
            return true;
        }
    }

    /// <summary>Gives taken frames back. False, and nothing happens: one of them is free.</summary>
    public bool TryGiveBack(long first, long count)
    {
        lock (_gate)
        {
            AssertOpenLocked();
            if (first < 0 || count <= 0 || first > Frames - count || count > _taken
                || !_bitmap.AllUsed(first + _phase, count))
            {
                return false;
            }

            _bitmap.MarkFree(first + _phase, count);
            _taken -= count;
            return true;
        }
    }

    private void MarkTakenLocked(long bit, long length)
    {
        _bitmap.MarkUsed(bit, length);
        _taken += length;
        _cursor = bit + length;
    }
}
