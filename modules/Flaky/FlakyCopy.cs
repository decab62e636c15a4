// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Uapi;

namespace Hmm.Modules.Flaky;

/// <summary>One segment of a batch on its way to the device below: a batch of its own.</summary>
/// <remarks>Ownership: the device's list of free ones, or the segment's way through; never both.</remarks>
internal sealed class FlakyCopy(FlakyDevice device) : StackedBatch
{
    private CopyBatch? _batch; // Guarded by: owner
    private int _index; // Guarded by: owner

    /// <summary>Whether it goes to the device.</summary>
    public bool IsWrite { get; private set; }

    /// <summary>What it fails with instead of reaching the device below.</summary>
    public Errno Error { get; private set; }

    /// <summary>Takes a segment.</summary>
    public void Take(CopyBatch batch, int index, bool isWrite, Errno error)
    {
        (_batch, _index, IsWrite, Error) = (batch, index, isWrite, error);
        Clear();
        Add(batch[index]);
    }

    /// <summary>Hands it to the device below, or fails it.</summary>
    public void Start(IDeviceMemoryOps below)
    {
        if (Error != Errno.None)
        {
            Finish(Error);
            return;
        }

        Begin();
        if (IsWrite)
        {
            below.Evict(this);
        }
        else
        {
            below.Fault(this);
        }
    }

    /// <inheritdoc/>
    protected override void Completed()
    {
        for (var frame = 0; IsWrite && frame < this[0].FrameCount; frame++)
        {
            if (WasRefused(0, frame) || device.Refuses())
            {
                _batch!.Refuse(_index, frame);
            }
        }

        Finish(ErrorAt(0));
    }

    private void Finish(Errno error)
    {
        // Free before the completion, which may lead to the next batch on this very thread.
        var (batch, index) = (_batch!, _index);
        _batch = null;
        device.GiveBack(this);
        batch.Complete(index, error);
    }
}
