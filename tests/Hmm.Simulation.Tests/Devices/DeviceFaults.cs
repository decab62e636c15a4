// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Simulation.Tests.Devices;

/// <summary>How a simulated device behaves, in thousandths of its copies.</summary>
internal sealed class DeviceFaults
{
    /// <summary>Batches that complete before the hook returns.</summary>
    public int InlinePermille { get; set; }

    /// <summary>Reads that fail with EIO.</summary>
    public int ReadErrorPermille { get; set; }

    /// <summary>How many of the next reads fail with EIO.</summary>
    public int ReadErrorsNext { get; set; }

    /// <summary>Frames that never can be read, by their number on the device.</summary>
    public HashSet<long> BadFrames { get; } = [];

    /// <summary>Writes that fail with EIO.</summary>
    public int WriteErrorPermille { get; set; }

    /// <summary>How many frames the medium really holds: a write of one more fails with ENOSPC.</summary>
    public long CapacityFrames { get; set; } = long.MaxValue;

    /// <summary>Whether any of some frames never can be read.</summary>
    public bool IsBad(long first, int count) => BadFrames.Any(bad => bad >= first && bad < first + count);
}
