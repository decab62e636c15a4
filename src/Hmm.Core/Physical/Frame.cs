// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace Hmm.Core.Physical;

/// <summary>
/// The metadata of one frame (Linux: <c>struct page</c>, 64 bytes there). All zero is a free frame,
/// so that fresh zeroed memory needs no initialisation and untouched frames cost no memory.
/// </summary>
/// <remarks>
/// References: 0 = free; n = handed out with n holders; negative = saturated, never freed again (a
/// counter that wraps would free a frame in use; one that sticks leaks it, which is safe).
/// The driver word belongs to the driver from allocation until its free hook returns; the owner
/// word to the core.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct Frame
{
    /// <summary>The size: 24 bytes, 0.6 % of a 4 KiB frame.</summary>
    public const int SizeBytes = 24;

    /// <summary>
    /// Where a saturated counter is put: in the middle of the negative half, out of reach of racing
    /// steps.
    /// </summary>
    internal const int Saturated = int.MinValue / 2;

    private int _references; // Guarded by: atomic

    /// <summary>log2 of the aligned run that this frame was handed out in.</summary>
    public byte Order; // Guarded by: the holder of the frame

    /// <summary>What the frame is, beyond its count.</summary>
    public FrameFlags Flags; // Guarded by: the holder of the frame

    /// <summary>
    /// The driver's own 64 bits (Linux: <c>zone_device_data</c>); 0 when the frame is handed out.
    /// </summary>
    public ulong DriverWord; // Guarded by: the driver

    /// <summary>
    /// The reverse link: range id &lt;&lt; 40 | page index; 0 = none. Zero again before the free
    /// hook runs.
    /// </summary>
    public ulong Owner; // Guarded by: atomic, the holder of the frame

    /// <summary>The holders: 0 when free.</summary>
    public int References => Volatile.Read(ref _references);

    /// <summary>
    /// Makes a free frame one that is handed out, with one holder. False: it has holders.
    /// </summary>
    internal bool TryHandOut() => Interlocked.CompareExchange(ref _references, 1, 0) == 0;

    /// <summary>
    /// Adds a holder, on behalf of one. False: the frame is free, so the caller held nothing.
    /// </summary>
    internal bool TryAddHolder()
    {
        var now = Interlocked.Increment(ref _references);
        if (now > 1)
        {
            return true;
        }

        if (now < 0)
        {
            Volatile.Write(ref _references, Saturated);
            return true;
        }

        Interlocked.Decrement(ref _references);
        return false;
    }

    /// <summary>
    /// Adds a holder unless the frame is free, for those who hold the map but not the frame.
    /// </summary>
    internal bool TryAddHolderUnlessFree()
    {
        var references = Volatile.Read(ref _references);
        while (references != 0)
        {
            var next = references is < 0 or int.MaxValue ? Saturated : references + 1;
            var seen = Interlocked.CompareExchange(ref _references, next, references);
            if (seen == references)
            {
                return true;
            }

            references = seen;
        }

        return false;
    }

    /// <summary>Drops a holder.</summary>
    internal FrameDrop DropHolder()
    {
        var now = Interlocked.Decrement(ref _references);
        if (now > 0)
        {
            return FrameDrop.StillHeld;
        }

        if (now == 0)
        {
            return FrameDrop.Last;
        }

        // Nobody can drop a quarter of 2^32 references at once: what is near zero was zero.
        if (now > Saturated / 2)
        {
            Interlocked.Increment(ref _references);
            return FrameDrop.Underflow;
        }

        Volatile.Write(ref _references, Saturated);
        return FrameDrop.StillHeld;
    }
}
