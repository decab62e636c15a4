// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Uapi;

namespace Hmm.Modules.Compressed;

/// <content>
/// Pages that go to other devices, and come from them, as they are kept: an object's bytes with the checksum of its
/// page, or the word that fills it.
/// </content>
internal sealed unsafe partial class CompressedDevice
{
    /// <inheritdoc/>
    public PageEncoding Encoding { get; }

    /// <inheritdoc/>
    public bool Accepts(PageEncoding encoding) => encoding == PageEncoding.Word || encoding == Encoding;

    /// <inheritdoc/>
    public void Export(PeerBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var count = batch.Count;
        for (var i = 0; i < count; i++)
        {
            batch.Complete(i, Export(batch, i, batch[i]));
        }
    }

    /// <inheritdoc/>
    public void Import(PeerBatch batch) => Evict(batch);

    private Errno Export(PeerBatch batch, int index, in CopySegment segment)
    {
        for (var frame = 0; frame < segment.FrameCount; frame++)
        {
            var (pfn, page) = (segment.First + frame, segment.Buffer + (frame << Pfn.Shift));
            ref var said = ref batch.PageAt(index, frame);
            if (!TryExport(batch, pfn, page, out said))
            {
                // Nobody wants it as it is kept, or it must be looked at once more: the page itself.
                said = new EncodedPage(PageEncoding.Plain, Pfn.SizeBytes, 0);
                if (!TryLoad(pfn, page))
                {
                    return Errno.EIO;
                }
            }
        }

        return Errno.None;
    }

    private bool TryExport(PeerBatch batch, Pfn frame, nint buffer, out EncodedPage said)
    {
        ref var place = ref _memory.DriverWord(frame);
        var word = new FrameWord(Volatile.Read(ref place));
        said = default;
        if (word.IsFill)
        {
            return batch.Accepts(PageEncoding.Word) && TryExportFill(word.Fill, buffer, out said);
        }

        if (!word.IsObject || !batch.Accepts(Encoding))
        {
            return false;
        }

        // Safe because an object's bytes can be read even when they are not its own any more, and no object is longer
        // than a page. Whether they were its own is seen as in a fill, and what is damaged where the page is decoded.
        var header = _store.HeaderOf(word);
        var named = header->TryGetFrame(out var owner) && owner == NumberOf(frame);
        said = new EncodedPage(Encoding, word.Length, header->Checksum);
        Unsafe.CopyBlockUnaligned((void*)buffer, header + 1, (uint)word.Length);
        Volatile.ReadBarrier();
        return named && Volatile.Read(ref place) == word.Raw;
    }

    private static bool TryExportFill(ulong fill, nint buffer, out EncodedPage said)
    {
        // Safe because the buffer has room for the whole page, whose checksum goes with it.
        new Span<ulong>((void*)buffer, WordsPerFrame).Fill(fill);
        said = new EncodedPage(PageEncoding.Word, sizeof(ulong), Checksum.OfFrame(buffer));
        return true;
    }

    /// <summary>Finds a place for a page from another device; an empty word if it is not for this one.</summary>
    private FrameWord PackEncoded(Pfn frame, nint page, in EncodedPage said)
    {
        if (said.Encoding.IsPlain)
        {
            return Pack(frame, page);
        }

        if (said.Encoding == PageEncoding.Word)
        {
            // The buffer has room for the page. What is not as it was stays where it is, and is found when it is read.
            new Span<ulong>((void*)page, WordsPerFrame).Fill(*(ulong*)page);
            return Checksum.OfFrame(page) == said.Checksum ? Pack(frame, page) : default;
        }

        return said.LengthBytes <= ObjectStore.ObjectBytesMax && !_store.IsFull
            && _store.TryStore(NumberOf(frame), said.Checksum, page, said.LengthBytes, out var word)
            ? word
            : default;
    }
}
