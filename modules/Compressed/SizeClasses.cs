// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;

namespace Hmm.Modules.Compressed;

/// <summary>
/// The sizes that the store cuts spans into. Each is a span divided by a whole number, so that no span has a tail worth
/// speaking of, and the steps are 4 % (16 bytes at least): an object wastes 2 % of its slot on average. Above 2 KiB,
/// where a span holds few slots, each step is a slot more in a span.
/// </summary>
internal static class SizeClasses
{
    /// <summary>
    /// A span: 64 KiB. Larger ones cut finer (a step at 2 KiB is 64 bytes), but every class keeps one span partly
    /// empty: the 75 classes waste up to 2.4 MiB this way, whatever the size of the store.
    /// </summary>
    public const int SpanBytes = 64 << 10;

    /// <summary>
    /// The largest slot: 18 in a span. A page that does not fit saves less than 12 %, which is not worth the time: it
    /// goes to the next device.
    /// </summary>
    public const int SlotBytesMax = SpanBytes / 18 & ~(StepBytes - 1);

    /// <summary>The smallest slot, so that a span's map is 14 words.</summary>
    public const int SlotBytesMin = 80;

    private const int StepBytes = 16; // the alignment of slots, and so of their headers
    private const int StepDivisor = 24;

    private static readonly int[] s_slotBytes = MakeSizes();
    private static readonly byte[] s_classOf = MakeClassOf(s_slotBytes);

    /// <summary>How many classes there are.</summary>
    public static int Count => s_slotBytes.Length;

    /// <summary>The slot size of a class, in bytes; class 0 is the smallest.</summary>
    public static int SlotBytes(int sizeClass) => s_slotBytes[sizeClass];

    /// <summary>How many slots of it a span has.</summary>
    public static int SlotsPerSpan(int sizeClass) => SpanBytes / s_slotBytes[sizeClass];

    /// <summary>The class of the smallest slot that holds so many bytes, 1 to <see cref="SlotBytesMax"/>.</summary>
    public static int Of(int bytes) => s_classOf[(bytes + StepBytes - 1) / StepBytes];

    private static int[] MakeSizes()
    {
        var sizes = new List<int>();
        for (var size = SlotBytesMax; size > SlotBytesMin;)
        {
            sizes.Add(size);
            var wanted = size - Math.Max(StepBytes, size / StepDivisor);
            var slots = Math.Max((SpanBytes / size) + 1, SpanBytes / wanted);
            size = Math.Min(SpanBytes / slots & ~(StepBytes - 1), size - StepBytes);
        }

        sizes.Add(SlotBytesMin);
        sizes.Reverse();
        return [.. sizes];
    }

    private static byte[] MakeClassOf(int[] slotBytes)
    {
        Debug.Assert(slotBytes.Length <= byte.MaxValue, "a class's number is a byte");
        var classOf = new byte[(SlotBytesMax / StepBytes) + 1];
        for (var steps = 0; steps < classOf.Length; steps++)
        {
            classOf[steps] = (byte)Array.FindIndex(slotBytes, size => size >= steps * StepBytes);
        }

        return classOf;
    }
}
