// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Compressed;

/// <content>
/// Taking over from a host that is gone. The frames' words say where every object is and so what each span is cut for;
/// the records are made again from them, since the other host may have ended in the middle of changing them. Slots that
/// no word names are free.
/// </content>
internal sealed unsafe partial class ObjectStore
{
    /// <summary>Makes a store of the memory of another, whose process is gone.</summary>
    /// <param name="file">Its memory; the store's from here on.</param>
    /// <param name="words">Where the frames' words are now.</param>
    /// <param name="objects">The words of all frames that hold an object.</param>
    /// <exception cref="HmmException">
    /// EINVAL: the file is no store's, or its length can change. ENOMEM: not mapped.
    /// </exception>
    public static ObjectStore Adopt(MemoryFile file, IFrameWords words, IEnumerable<FrameWord> objects)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(objects);
        var length = file.LengthBytes;
        var spanCount = length / SpanAndRecordBytes;
        if (!file.HasFixedLength || spanCount is 0 or > int.MaxValue || LengthFor((int)spanCount) != length)
        {
            throw new HmmException(
                Errno.EINVAL,
                $"A memory file of {length} bytes is not the memory of a compressed device; pass the one that it was "
                    + "made with.");
        }

        var store = new ObjectStore(file, (int)spanCount, words);
        lock (store.Gate)
        {
            store.RebuildLocked(objects);
        }

        return store;
    }

    private void RebuildLocked(IEnumerable<FrameWord> objects)
    {
        new Span<byte>(_records, _spanCount * SpanRecord.SizeBytes).Clear();
        _touchedSpans = _spanCount;
        foreach (var word in objects)
        {
            var span = (int)word.Span;
            var sizeClass = ClassOf(word);
            if (_records[span].ClassPlusOne == 0)
            {
                CutLocked(span, sizeClass);
                Volatile.Write(ref _usedSpans, _usedSpans + 1);
            }

            _records[span].Take(word.Slot, SlotsOf(sizeClass));
            CountTakenLocked(span, sizeClass);
        }

        for (var span = _spanCount - 1; span >= 0; span--)
        {
            if (_records[span].ClassPlusOne == 0)
            {
                _usedSpans++;
                Punch(span);
            }
        }
    }
}
