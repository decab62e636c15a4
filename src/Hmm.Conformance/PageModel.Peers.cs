// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;

namespace Hmm.Conformance;

/// <content>Pages that leave as they are kept, and come in so.</content>
internal sealed partial class PageModel
{
    /// <summary>Has pages exported, and checks what is said of each.</summary>
    /// <param name="first">The first frame: held, as those behind it.</param>
    /// <param name="frames">How many.</param>
    /// <param name="taker">Where they go.</param>
    public Parcel Export(Pfn first, int frames, IPeerMemoryOps taker)
    {
        var parcel = new Parcel(frames);
        for (var frame = 0; frame < frames; frame++)
        {
            parcel.Numbers[frame] = _pages[(first + frame).Value];
        }

        for (var tries = 1; ; tries++)
        {
            var batch = Hand("an export", first, parcel, taker, rig.Export);
            if (batch.ErrorAt(0) == Errno.None)
            {
                for (var frame = 0; frame < frames; frame++)
                {
                    parcel.Said[frame] = batch.PageAt(0, frame);
                }

                parcel.Check(taker);
                return parcel;
            }

            CountReadError(first, tries, batch.ErrorAt(0));
        }
    }

    /// <summary>Has pages imported into frames of their own; what is not turned down is held from then on.</summary>
    public void Import(Parcel parcel)
    {
        if (TryImport(parcel, out var first, out var batch))
        {
            for (var frame = 0; frame < parcel.Said.Length; frame++)
            {
                Settle(batch, 0, first, frame, parcel.Numbers[frame]);
            }
        }
    }

    /// <summary>
    /// Has a page imported whose checksum says that it was damaged on the way: it is turned down, or cannot be read.
    /// </summary>
    public void ImportDamaged(Parcel parcel)
    {
        var encoded = Array.FindIndex(parcel.Said, static said => !said.Encoding.IsPlain);
        if (encoded < 0)
        {
            return;
        }

        using var damaged = new Parcel(1);
        parcel.Buffer.Page(encoded).CopyTo(damaged.Buffer.Page(0));
        damaged.Said[0] = parcel.Said[encoded] with { Checksum = parcel.Said[encoded].Checksum ^ 1 };
        if (!TryImport(damaged, out var first, out var batch))
        {
            return;
        }

        if (batch.ErrorAt(0) == Errno.None && !batch.IsRefusedAt(0, 0))
        {
            using var page = new PageBuffer(1);
            var read = new ProbeBatch().Add(first, 1, page.Address);
            rig.Fault(read);
            rig.Wait("a fault", read);
            if (read.ErrorAt(0) == Errno.None)
            {
                throw new ConformanceException(
                    $"{first} returned a page of {damaged.Said[0].Encoding} that does not match the checksum it came "
                        + "with; compare it when the page is decoded, and fail the read");
            }
        }

        rig.Free(first, 1);
    }

    private bool TryImport(Parcel parcel, out Pfn first, out ProbeBatch batch)
    {
        batch = null!;
        if (!rig.TryAllocate(parcel.Said.Length, out first, out var frames))
        {
            return false;
        }

        if (frames < parcel.Said.Length)
        {
            rig.Free(first, frames);
            return false;
        }

        batch = Hand("an import", first, parcel, rig.Peer!, rig.Import);
        parcel.Buffer.CheckGuards();
        return true;
    }

    private ProbeBatch Hand(string what, Pfn first, Parcel parcel, IPeerMemoryOps taker, Action<ProbeBatch> hook)
    {
        var batch = new ProbeBatch().Add(first, parcel.Said.Length, parcel.Buffer.Address);
        batch.BeginEncoded(taker, parcel.Buffer.Address);
        for (var frame = 0; frame < parcel.Said.Length; frame++)
        {
            batch.PageAt(0, frame) = parcel.Said[frame];
        }

        hook(batch);
        rig.Wait(what, batch);
        return batch;
    }
}
