// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using Hmm.Core;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Compressed;

/// <summary>
/// A store of objects of 1 byte to <see cref="ObjectBytesMax"/>, after Linux's zsmalloc: memory is cut into spans,
/// spans into slots of a size class. What names an object is the word of its frame, so objects can move and sparse
/// spans be emptied. Everything is in one memory file of a fixed length, which takes DRAM where it is used:
/// <code>
///   | a record of 128 bytes for each span | spans of 64 KiB ... |
/// </code>
/// </summary>
/// <remarks>
/// Threads: any. The holder of a frame reads its object without a lock; the object may move meanwhile, so the reader
/// looks at the word again afterwards, and reads once more under <see cref="Gate"/> if in doubt.
/// Invariants: at most one word names a slot, and that slot is taken; a span is cut for a class or empty; a span is in
/// one list, except while it is being punched.
/// </remarks>
internal sealed unsafe partial class ObjectStore : IDisposable
{
    /// <summary>The largest object: with its header it fills the largest slot.</summary>
    public const int ObjectBytesMax = SizeClasses.SlotBytesMax - ObjectHeader.SizeBytes;

    /// <summary>
    /// The least memory: 15 spans. Real data has objects of some 40 classes, each with a span of
    /// its own.
    /// </summary>
    public const ulong MemoryBytesMin = 1 << 20;

    private const int PageBytes = 4096;
    private const int SpanAndRecordBytes = SizeClasses.SpanBytes + SpanRecord.SizeBytes;

    // Empty spans that keep their DRAM, 1 MiB or a 64th of the store: to punch one and touch it again costs 20 us, and
    // ten times that where a hypervisor keeps page tables of its own. A stream that writes gives up two windows (4 MiB,
    // compressed) before it fills them again.
    private const int WarmSpansMin = 16;
    private const int WarmSpansDivisor = 64;

    private readonly MappedMemory _mapping; // immutable
    private readonly IFrameWords _words; // immutable
    private readonly SpanRecord* _records; // immutable
    private readonly byte* _spans; // immutable
    private readonly int _spanCount; // immutable
    private readonly int _warmSpansMax; // immutable
    private readonly SpanLists _lists; // Guarded by: Gate
    private readonly ClassCounts[] _counts = new ClassCounts[SizeClasses.Count]; // Guarded by: Gate
    private int _warmSpans; // Guarded by: Gate
    private int _touchedSpans; // Guarded by: Gate; those behind were never used
    private int _usedSpans; // Guarded by: Gate for writers, atomic for readers
    private long _slotBytes; // Guarded by: Gate for writers, atomic for readers
    private long _fullSlotBytes = long.MaxValue; // Guarded by: atomic

    private ObjectStore(MemoryFile file, int spanCount, IFrameWords words)
    {
        File = file;
        _spanCount = spanCount;
        _warmSpansMax = Math.Max(WarmSpansMin, spanCount / WarmSpansDivisor);
        _words = words;
        _mapping = MappedMemory.Map(file, LengthFor(spanCount));

        // Safe because the mapping has room for this layout, and every span's number is checked against the count.
        _records = (SpanRecord*)_mapping.Address;
        _spans = (byte*)_mapping.Address + SpansOffset(spanCount);
        _lists = new SpanLists(_records);
    }

    /// <summary>Nothing moves while it is held.</summary>
    public Lock Gate { get; } = new();

    /// <summary>
    /// The memory: whoever maps it and knows the frames' words finds every object (<see
    /// cref="Adopt"/>).
    /// </summary>
    public MemoryFile File { get; }

    /// <summary>
    /// The DRAM it takes, at most: spans with DRAM, whether or not all of their pages were used,
    /// and records.
    /// </summary>
    public long UsedBytes => (long)Volatile.Read(ref _usedSpans) * SpanAndRecordBytes;

    /// <summary>What objects take of that, in whole slots.</summary>
    public long SlotBytes => Volatile.Read(ref _slotBytes);

    /// <summary>
    /// How much of its room is taken, in thousandths. A sixteenth counts as taken: that is what slots of the wrong size
    /// and spans in the making hold when nothing finds room any more.
    /// </summary>
    public int FullPermille =>
        (int)Math.Min(1000, SlotBytes * 1000 / ((long)_spanCount * SizeClasses.SpanBytes / 16 * 15));

    /// <summary>
    /// Whether there was no room for an object and little has left since (a 64th of the store), so that it is not worth
    /// compressing another page for it.
    /// </summary>
    public bool IsFull
    {
        get
        {
            var full = Volatile.Read(ref _fullSlotBytes);
            return full != long.MaxValue && SlotBytes > full - ((long)_spanCount * SizeClasses.SpanBytes / 64);
        }
    }

    /// <summary>Creates an empty store.</summary>
    /// <param name="memoryBytes">The most DRAM that it may take; at least <see cref="MemoryBytesMin"/>.</param>
    /// <param name="words">Where the frames' words are.</param>
    /// <exception cref="HmmException">ENOMEM, EFBIG: the system's limits.</exception>
    public static ObjectStore Create(ulong memoryBytes, IFrameWords words)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(memoryBytes, MemoryBytesMin);
        var spanCount = (int)Math.Min((memoryBytes - PageBytes) / SpanAndRecordBytes, int.MaxValue);
        var file = MemoryFile.Create("hmm-compressed", LengthFor(spanCount));
        try
        {
            return new ObjectStore(file, spanCount, words);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Copies an object in. It stays until <see cref="Release"/>, and may move as soon as the frame's word names it.
    /// </summary>
    /// <param name="frame">The frame whose page it is.</param>
    /// <param name="checksum">The checksum of the page.</param>
    /// <param name="bytes">The object.</param>
    /// <param name="length">1 to <see cref="ObjectBytesMax"/>.</param>
    /// <param name="word">The word that names it, for the caller to put in its place.</param>
    /// <returns>False: there is no room now.</returns>
    public bool TryStore(uint frame, uint checksum, nint bytes, int length, out FrameWord word)
    {
        word = default;
        var sizeClass = SizeClasses.Of(length + ObjectHeader.SizeBytes);
        if (!TryTake(sizeClass, out var span, out var slot)
            && !(TryReclaimSpan() && TryTake(sizeClass, out span, out slot)))
        {
            Volatile.Write(ref _fullSlotBytes, SlotBytes);
            return false;
        }

        // Safe because the slot is this call's alone, and has room for header and object by its class.
        word = FrameWord.OfObject((uint)span, slot, length);
        var header = HeaderOf(word);
        Unsafe.CopyBlockUnaligned(header + 1, (void*)bytes, (uint)length);
        header->Checksum = checksum;
        header->SetFrame(frame);
        return true;
    }

    /// <summary>
    /// Where the object of a word is: its header, with the bytes behind. They are the object's while the word stays the
    /// same; after that they may be anything, but they can be read.
    /// </summary>
    public ObjectHeader* HeaderOf(FrameWord word) =>
        (ObjectHeader*)(_spans + ((long)word.Span * SizeClasses.SpanBytes)
            + ((long)word.Slot * SizeClasses.SlotBytes(ClassOf(word))));

    /// <summary>Gives an object's slot back; no word names it any more.</summary>
    public void Release(FrameWord word)
    {
        int empty;
        lock (Gate)
        {
            empty = ReleaseLocked(word);

            // What is freed pays for what must move: two steps for each slot keep ahead of any pattern of frees.
            for (var step = 0; step < 2 && empty == SpanRecord.None && IsSparseLocked(ClassOf(word)); step++)
            {
                TryMoveLocked(ClassOf(word), out empty);
            }
        }

        Punch(empty);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _mapping.Dispose();
        File.Dispose();
    }

    private static ulong SpansOffset(int spanCount) =>
        (((ulong)spanCount * SpanRecord.SizeBytes) + PageBytes - 1) & ~(PageBytes - 1UL);

    private static ulong LengthFor(int spanCount) =>
        SpansOffset(spanCount) + ((ulong)spanCount * SizeClasses.SpanBytes);

    private static int ClassOf(FrameWord word) => SizeClasses.Of(word.Length + ObjectHeader.SizeBytes);

    private bool TryTake(int sizeClass, out int span, out int slot)
    {
        lock (Gate)
        {
            slot = SpanRecord.None;
            span = _lists.Fullest(sizeClass);
            if (span == SpanRecord.None && !TryCutLocked(sizeClass, out span))
            {
                return false;
            }

            slot = _records[span].TakeFirst(SizeClasses.SlotsPerSpan(sizeClass));
            CountTakenLocked(span, sizeClass);
            Volatile.Write(ref _fullSlotBytes, long.MaxValue);

            // A slot that was used before still names its last frame; until the object is written it names none.
            *(ObjectHeader*)(_spans + ((long)span * SizeClasses.SpanBytes)
                + ((long)slot * SizeClasses.SlotBytes(sizeClass))) = default;
            return true;
        }
    }

    private void CountTakenLocked(int span, int sizeClass)
    {
        _lists.Refile(span);
        _counts[sizeClass].Taken++;
        Volatile.Write(ref _slotBytes, _slotBytes + SizeClasses.SlotBytes(sizeClass));
    }

    /// <summary>
    /// Cuts an empty span for a class: one that has DRAM, else one that gave it back, else a new
    /// one.
    /// </summary>
    private bool TryCutLocked(int sizeClass, out int span)
    {
        if (_lists.TryPop(SpanLists.Warm, out span))
        {
            _warmSpans--;
        }
        else if (_lists.TryPop(SpanLists.Cold, out span) || TryTouchLocked(out span))
        {
            Volatile.Write(ref _usedSpans, _usedSpans + 1);
        }
        else
        {
            return false;
        }

        CutLocked(span, sizeClass);
        return true;
    }

    private bool TryTouchLocked(out int span)
    {
        span = _touchedSpans;
        if (span == _spanCount)
        {
            return false;
        }

        _touchedSpans++;
        return true;
    }

    private void CutLocked(int span, int sizeClass)
    {
        Corruption.Require(_records[span] is { ClassPlusOne: 0, Used: 0 }, "a span that is cut is empty");
        _records[span].ClassPlusOne = (short)(sizeClass + 1);
        _counts[sizeClass].Spans++;
        _lists.Add(span);
    }

    /// <summary>
    /// Gives a slot back; returns the span if it is empty now and to be punched by the caller, or
    /// None.
    /// </summary>
    private int ReleaseLocked(FrameWord word)
    {
        var span = (int)word.Span;
        var sizeClass = ClassOf(word);
        Corruption.Require(
            word.IsObject && word.Span < (uint)_spanCount && _records[span].ClassPlusOne == sizeClass + 1,
            "a frame's word names an object of the store");
        _records[span].Release(word.Slot);
        _counts[sizeClass].Taken--;
        Volatile.Write(ref _slotBytes, _slotBytes - SizeClasses.SlotBytes(sizeClass));
        if (_records[span].Used > 0)
        {
            _lists.Refile(span);
            return SpanRecord.None;
        }

        _lists.Remove(span);
        _counts[sizeClass].Spans--;
        _records[span].ClassPlusOne = 0;
        if (_warmSpans < _warmSpansMax)
        {
            _warmSpans++;
            _lists.Push(SpanLists.Warm, span);
            return SpanRecord.None;
        }

        return span;
    }

    /// <summary>
    /// Gives an empty span's DRAM to the system; outside the gate, since it takes as long as
    /// several objects.
    /// </summary>
    private void Punch(int span)
    {
        if (span == SpanRecord.None)
        {
            return;
        }

        var error =
            File.PunchHole(SpansOffset(_spanCount) + ((ulong)span * SizeClasses.SpanBytes), SizeClasses.SpanBytes);
        Corruption.Require(error == Errno.None, "a span of the store's own memory can be punched out");
        lock (Gate)
        {
            _lists.Push(SpanLists.Cold, span);
            Volatile.Write(ref _usedSpans, _usedSpans - 1);
        }
    }

    private struct ClassCounts
    {
        public long Taken;
        public int Spans;
    }
}
