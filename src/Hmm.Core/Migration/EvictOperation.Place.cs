// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <content>
/// Step 4, once for each device that is asked: a device may turn down pages that are not for it, and these, still
/// Evicting and still in the buffer, are handed to the next device in the order. It ends, since the rank only grows.
/// </content>
internal sealed partial class EvictOperation
{
    private int _rank; // Guarded by: owner of the slot; the first device of the order that may be asked
    private int _targetRank; // Guarded by: owner of the slot

    // A store that does not answer is asked for no frames; of several devices some other may be full.
    private Errno WhyNoFrame => _store is { PageMap.Copies.IsOverdue: true } ? Errno.ETIMEDOUT : Errno.ENOSPC;

    /// <summary>
    /// Finds frames for the pages that are left and hands them to the driver; if there are none,
    /// that is all.
    /// </summary>
    private void Place()
    {
        ResetSegments();
        _map = _toHome ? GatherHomeSegments() : GatherNewSegments();
        if (Count == 0)
        {
            Finish();
            return;
        }

        HandOver(_map!.Copies, write: true, _manager.Deadlines.Now);
        DriverCall.Evict(_map!, this);
    }

    /// <summary>
    /// Takes frames of the pages' own store, of the one device that was named, or of the next in the order.
    /// </summary>
    private bool TryAllocate(
        ref int rank, int framesMax, int order, out DeviceMemory device, out Pfn first, out int frames)
    {
        if (_store is not null)
        {
            device = _store;
            frames = 1 << order;
            if (device.PageMap.Copies.IsOverdue)
            {
                first = default;
                return false;
            }

            return order == 0
                ? _store.TryAllocateRun(framesMax, out first, out frames)
                : _store.TryAllocateOrder(order, out first);
        }

        if (_only is not null)
        {
            device = _only;
            return _manager.Placement.TryAllocateOn(device, framesMax, order, out first, out frames);
        }

        return _manager.Placement.TryAllocate(ref rank, framesMax, order, out device, out first, out frames);
    }

    private void PlaceRefused()
    {
        if (_only is not null || _store is not null || IsExpired)
        {
            KeepAll(0, _count, IsExpired ? Errno.EAGAIN : Errno.EOPNOTSUPP);
            Finish();
            return;
        }

        Squeeze();
        _rank = _targetRank + 1;
        Place();
    }

    /// <summary>
    /// Moves the pages that are left to the front of the buffer, so that the next device gets them
    /// as one run.
    /// </summary>
    private unsafe void Squeeze()
    {
        var left = 0;
        for (var i = 0; i < _count; i++)
        {
            if (_ranges[i] is not { } range)
            {
                continue;
            }

            if (left != i)
            {
                // Safe because both lie in the slot, and a page moves only towards the front, over one that is done
                // with.
                Buffer.MemoryCopy((void*)BufferOf(i), (void*)BufferOf(left), 1 << _pageShift, 1 << _pageShift);
                (_ranges[left], _pages[left]) = (range, _pages[i]);
                _ranges[i] = null;
            }

            left++;
        }
    }

    private bool IsPageRefused(int segment, int page)
    {
        var order = _pageShift - Pfn.Shift;
        var refused = ErrorOf(segment) == Errno.None && IsRefused(segment, page << order, 1 << order);
        Corruption.Require(!refused || !_toHome, "the home of a file's page takes it");
        return refused;
    }

    /// <summary>
    /// How many pages from gathered page <paramref name="i"/> on are neighbours that the device
    /// took.
    /// </summary>
    private int AcceptedRunLength(int segment, int i, int end)
    {
        var length = RunLength(i, end);
        for (var at = 1; at < length; at++)
        {
            if (IsPageRefused(segment, i + at - _segmentFirst[segment]))
            {
                return at;
            }
        }

        return length;
    }
}
