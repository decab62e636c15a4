// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Core.Modules;

namespace Hmm.Core.Physical;

/// <summary>
/// The number of a page frame in the host's physical address space: the physical address divided by
/// <see cref="SizeBytes"/>. Range 0 to 2^40 - 1 (the address space has 2^52 bytes). Frames of a device are numbered in
/// units of 4 KiB whatever the device's own frame size; a larger page is an aligned, contiguous run of them.
/// </summary>
/// <param name="Value">The number.</param>
[ExportSymbol]
public readonly record struct Pfn(ulong Value)
{
    /// <summary>log2 of the frame size: 12.</summary>
    public const int Shift = 12;

    /// <summary>The frame size: 4096 bytes.</summary>
    public const int SizeBytes = 1 << Shift;

    /// <summary>The number of bits of a frame number: 40.</summary>
    public const int Bits = 40;

    /// <summary>The first byte's physical address.</summary>
    public ulong Address => Value << Shift;

    /// <summary>The frame that holds a physical address.</summary>
    public static Pfn FromAddress(ulong address) => new(address >> Shift);

    /// <summary>The frame <paramref name="frames"/> further on.</summary>
    public static Pfn operator +(Pfn pfn, long frames) => new(pfn.Value + (ulong)frames);

    /// <summary>The distance in frames.</summary>
    public static long operator -(Pfn left, Pfn right) => (long)(left.Value - right.Value);

    /// <summary>Order by number.</summary>
    public static bool operator <(Pfn left, Pfn right) => left.Value < right.Value;

    /// <summary>Order by number.</summary>
    public static bool operator >(Pfn left, Pfn right) => left.Value > right.Value;

    /// <summary>Order by number.</summary>
    public static bool operator <=(Pfn left, Pfn right) => left.Value <= right.Value;

    /// <summary>Order by number.</summary>
    public static bool operator >=(Pfn left, Pfn right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => "pfn 0x" + Value.ToString("x", CultureInfo.InvariantCulture);
}
