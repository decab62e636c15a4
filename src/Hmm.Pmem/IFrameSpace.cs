// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Pmem;

/// <summary>
/// Which frames of the file are free. Nothing of it is stored: it follows from what the checkpoints name. In a host it
/// is the device memory's allocator; offline, a <see cref="FileSpace"/>.
/// </summary>
public interface IFrameSpace
{
    /// <summary>Takes a free frame.</summary>
    bool TryTake(out ulong frame);

    /// <summary>Gives a taken frame back.</summary>
    void GiveBack(ulong frame);
}
