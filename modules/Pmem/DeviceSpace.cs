// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Pmem;

namespace Hmm.Modules.Pmem;

/// <summary>
/// The store's frames are the device's: frame n of the file is frame n of the device memory, and both sides take from
/// one allocator.
/// </summary>
internal sealed class DeviceSpace(DeviceMemory memory, Pfn first) : IFrameSpace
{
    /// <inheritdoc/>
    public bool TryTake(out ulong frame)
    {
        var taken = memory.TryTake(1, out var pfn, out _);
        frame = taken ? (ulong)(pfn - first) : 0;
        return taken;
    }

    /// <inheritdoc/>
    public void GiveBack(ulong frame) => memory.GiveBack(first + (long)frame, 1);

    /// <summary>Takes all that a set has, in runs.</summary>
    public void TakeAll(FrameSet used, ulong frameCount)
    {
        const int RunMax = 1 << 30;
        for (var frame = 0UL; frame < frameCount;)
        {
            var run = 0;
            while (frame + (ulong)run < frameCount && run < RunMax && used.Contains(frame + (ulong)run))
            {
                run++;
            }

            if (run > 0 && !memory.TryTakeAt(first + (long)frame, run))
            {
                throw new InvalidOperationException($"Frames from {frame} of a fresh device are used already.");
            }

            frame += (ulong)Math.Max(run, 1);
        }
    }
}
