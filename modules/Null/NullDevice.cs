// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Core.Physical;

namespace Hmm.Modules.Null;

/// <summary>
/// Device memory without memory. A device that took pages and forgot them would lose data, so this one takes pages of
/// zeros, which it can return without having kept anything, and turns down all others: those go to the next device.
/// </summary>
/// <remarks>Threads: hooks from any; nothing here is ever written, and every copy completes inline.</remarks>
internal sealed unsafe class NullDevice : IDriverDevice
{
    private const int WordsPerFrame = Pfn.SizeBytes / sizeof(ulong);

    public NullDevice(ulong sizeBytes)
    {
        SizeBytes = sizeBytes;
    }

    /// <inheritdoc/>
    public ulong SizeBytes { get; }

    /// <inheritdoc/>
    public void Attach(DeviceMemory memory, Pfn first)
    {
        // Every frame holds the same, so it does not matter which they are.
    }

    /// <inheritdoc/>
    public void Fault(CopyBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);

        // The last completion may recycle the batch while this loop still runs: everything is read before.
        for (int i = 0, count = batch.Count; i < count; i++)
        {
            // Safe: the buffer is this hook's, for LengthBytes, until the segment is complete.
            new Span<byte>((void*)batch[i].Buffer, batch[i].LengthBytes).Clear();
            batch.Complete(i);
        }
    }

    /// <inheritdoc/>
    public void Evict(CopyBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        for (int i = 0, count = batch.Count; i < count; i++)
        {
            var segment = batch[i];
            for (var frame = 0; frame < segment.FrameCount; frame++)
            {
                // Safe, as above; a buffer is aligned to a frame.
                var page = new ReadOnlySpan<ulong>((void*)(segment.Buffer + (frame << Pfn.Shift)), WordsPerFrame);
                if (page.ContainsAnyExcept(0UL))
                {
                    batch.Refuse(i, frame);
                }
            }

            batch.Complete(i);
        }
    }

    /// <inheritdoc/>
    public void Free(Pfn first, int frameCount)
    {
        // Nothing was kept.
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing was acquired.
    }
}
