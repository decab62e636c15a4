// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Uapi;

namespace Hmm.Core.Policies;

/// <summary>
/// Which device takes pages that leave DRAM: the first in order that has room and answers. The order is the order in
/// which the devices were added, fastest first.
/// </summary>
/// <remarks>Threads: any; the list is replaced, never changed.</remarks>
internal sealed class Placement
{
    private readonly Lock _gate = new();
    private Candidate[] _candidates = []; // Guarded by: _gate for writers, atomic for readers

    /// <summary>The ways between devices.</summary>
    public PeerLinks Peers { get; } = new();

    /// <summary>The devices, fastest first.</summary>
    public IReadOnlyList<DeviceMemory> Devices =>
        Array.ConvertAll(Volatile.Read(ref _candidates), static candidate => candidate.Device);

    /// <summary>Adds a device at the end of the order.</summary>
    public void Add(DeviceMemory device)
    {
        lock (_gate)
        {
            Volatile.Write(ref _candidates, [.. _candidates, new Candidate(device)]);
        }
    }

    /// <summary>Takes a device out; pages it holds stay where they are.</summary>
    public void Remove(DeviceMemory device)
    {
        lock (_gate)
        {
            Volatile.Write(ref _candidates, Array.FindAll(_candidates, other => other.Device != device));
        }

        Peers.Forget(device.PageMap);
    }

    /// <summary>Takes neighbouring frames from the first device with room.</summary>
    /// <param name="rank">Where in the order to begin to look; where the device was found.</param>
    /// <param name="framesMax">The most frames.</param>
    /// <param name="pageOrder">log2 of the frames of one page: larger pages take one aligned run of that order.</param>
    /// <param name="device">Whose frames they are.</param>
    /// <param name="first">The first frame, with one reference each.</param>
    /// <param name="frames">How many.</param>
    public bool TryAllocate(
        ref int rank, int framesMax, int pageOrder, out DeviceMemory device, out Pfn first, out int frames)
    {
        var candidates = Volatile.Read(ref _candidates);
        for (var at = rank; at < candidates.Length; at++)
        {
            if (candidates[at].TryAllocate(framesMax, pageOrder, out first, out frames))
            {
                device = candidates[at].Device;
                rank = at;
                return true;
            }
        }

        device = null!;
        first = default;
        frames = 0;
        return false;
    }

    /// <summary>Takes neighbouring frames from one device, if it is in the order and has room.</summary>
    public bool TryAllocateOn(DeviceMemory device, int framesMax, int pageOrder, out Pfn first, out int frames)
    {
        foreach (var candidate in Volatile.Read(ref _candidates))
        {
            if (candidate.Device == device)
            {
                return candidate.TryAllocate(framesMax, pageOrder, out first, out frames);
            }
        }

        first = default;
        frames = 0;
        return false;
    }

    /// <summary>
    /// Finds a device that should make room: fewer than 1/16 of its frames are free, or 1/8 once that has begun, and
    /// one behind it has more than that. So new pages, which are the warmest, keep finding room on the fastest device.
    /// Of several behind it the nearest is named.
    /// </summary>
    public bool TryFindShort([NotNullWhen(true)] out Candidate? from, [NotNullWhen(true)] out DeviceMemory? to)
    {
        var candidates = Volatile.Read(ref _candidates);
        for (var at = 0; at + 1 < candidates.Length; at++)
        {
            if (!candidates[at].IsShort())
            {
                continue;
            }

            to = FindNearest(candidates, at);
            if (to is not null)
            {
                from = candidates[at];
                return true;
            }
        }

        (from, to) = (null, null);
        return false;
    }

    /// <summary>
    /// The nearest device behind another one in the order that has room to spare (Linux: find the nearest published
    /// provider). Of several as near as each other the first in the order, which people say is the fastest.
    /// </summary>
    private DeviceMemory? FindNearest(Candidate[] candidates, int from)
    {
        DeviceMemory? nearest = null;
        PeerLink? way = null;
        for (var at = from + 1; at < candidates.Length; at++)
        {
            if (!candidates[at].HasRoomToSpare)
            {
                continue;
            }

            var link = Peers.Between(candidates[from].Device.PageMap, candidates[at].Device.PageMap);
            if (link.Type != PeerMapType.None && (way is null || link.IsNearerThan(way)))
            {
                (nearest, way) = (candidates[at].Device, link);
            }
        }

        return nearest;
    }

    /// <summary>Learns that a device failed to take pages that it had frames for.</summary>
    public void NoteError(DeviceMemory device, Errno error)
    {
        if (error != Errno.ENOSPC)
        {
            return;
        }

        foreach (var candidate in Volatile.Read(ref _candidates))
        {
            if (candidate.Device == device)
            {
                candidate.NoteFull();
            }
        }
    }

    /// <summary>
    /// The host's clock has struck: devices whose medium was full are tried again, since a disk may have got room.
    /// </summary>
    public void TryFullDevices()
    {
        foreach (var candidate in Volatile.Read(ref _candidates))
        {
            candidate.TryAgain();
        }
    }

    /// <summary>
    /// A device in the order. Its medium may be full before its frames are (a sparse file on a full disk): then it gets
    /// no more than it held at that moment, until it is tried again.
    /// </summary>
    internal sealed class Candidate(DeviceMemory device)
    {
        // As the watermarks of DRAM, and for the same reason.
        private const int ShortDivisor = 16;
        private const int SpareDivisor = 8;

        // Where a deadline, and so the clock, is as long as an hour. A try that fails costs one copy; the 256 refusals
        // before it cost far more than that on the other devices.
        private const int RefusalsBeforeRetry = 256;

        private long _usedMax = long.MaxValue; // Guarded by: atomic
        private int _refusals; // Guarded by: atomic
        private bool _makingRoom; // Guarded by: atomic
        private bool _sinking; // Guarded by: the thread that reclaims
        private Pfn _hand; // Guarded by: the thread that reclaims

        public DeviceMemory Device { get; } = device;

        public bool TryAllocate(int framesMax, int pageOrder, out Pfn first, out int frames)
        {
            if (Device.PageMap.Copies.IsOverdue)
            {
                first = default;
                frames = 0;
                return false;
            }

            var room = Volatile.Read(ref _usedMax) - (long)Device.Statistics.FramesUsed;
            if (room < 1L << pageOrder)
            {
                first = default;
                frames = 0;
                if (Interlocked.Increment(ref _refusals) < RefusalsBeforeRetry)
                {
                    return false;
                }

                TryAgain();
                room = long.MaxValue;
            }

            if (pageOrder == 0)
            {
                return Device.TryAllocateRun((int)Math.Min(framesMax, room), out first, out frames);
            }

            frames = 1 << pageOrder;
            return Device.TryAllocateOrder(pageOrder, out first);
        }

        /// <summary>
        /// Whether more than an eighth of its frames is free and its medium takes pages; never while it is removed.
        /// </summary>
        public bool HasRoomToSpare => Device.IsPublished && FreeFrames > Total / SpareDivisor
            && FreePermille > 1000 / SpareDivisor && !Device.PageMap.Copies.IsOverdue;

        private long Total => (long)Device.Statistics.FramesTotal;

        /// <summary>Whether, as last seen, it holds more than a few copies of pages that are in DRAM.</summary>
        public bool HasCopies { get; set; } = true; // Guarded by: the thread that reclaims

        private int FreePermille => 1000 - ((Device.PageMap.Ops as IDriverDevice)?.FullPermille ?? 0);

        private long FreeFrames =>
            Math.Min(Volatile.Read(ref _usedMax), Total) - (long)Device.Statistics.FramesUsed;

        private bool IsBelow(int divisor) => FreeFrames < Total / divisor || FreePermille < 1000 / divisor;

        /// <summary>Whether it should make room.</summary>
        public bool IsShort()
        {
            var isShort = IsBelow(Volatile.Read(ref _makingRoom) ? SpareDivisor : ShortDivisor);
            Volatile.Write(ref _makingRoom, isShort);
            return isShort;
        }

        /// <summary>
        /// Whether its coldest pages should leave, as there is nothing else: then they do until it is not short. If it
        /// has enough for now, it makes room when it is short again.
        /// </summary>
        public bool MustSink()
        {
            _sinking = IsBelow(_sinking ? SpareDivisor : ShortDivisor);
            Volatile.Write(ref _makingRoom, _sinking);
            HasCopies |= !_sinking;
            return _sinking;
        }

        /// <summary>The next frame in use, going round for ever. False: none is.</summary>
        public bool TryNext(out Pfn frame)
        {
            if (!Device.TryNextUsed(_hand, out frame) && !Device.TryNextUsed(new Pfn(0), out frame))
            {
                return false;
            }

            _hand = frame + 1;
            return true;
        }

        public void TryAgain()
        {
            Volatile.Write(ref _refusals, 0);
            Volatile.Write(ref _usedMax, long.MaxValue);
        }

        public void NoteFull() => Volatile.Write(ref _usedMax, (long)Device.Statistics.FramesUsed);
    }
}
