// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace Hmm.Conformance;

/// <summary>The contents of pages, each from a number, so that a model needs to keep the number only.</summary>
/// <remarks>Four kinds, by the number: zeros, one word over and over, text that compresses, random bytes.</remarks>
internal static class Pages
{
    public const ulong Zeros = 0;

    private const int Kinds = 4;
    private static ReadOnlySpan<byte> Words => "page table entry frame fault evict fill migrate device memory "u8;

    /// <summary>A number that no other page has, of a random kind.</summary>
    public static ulong Next(Random random) => (ulong)random.NextInt64(1, long.MaxValue);

    /// <summary>Writes a page.</summary>
    public static void Write(ulong number, Span<byte> page)
    {
        switch (number % Kinds)
        {
            case 0:
                page.Clear();
                break;
            case 1:
                MemoryMarshal.Cast<byte, ulong>(page).Fill(number);
                break;
            case 2:
                for (var i = 0; i < page.Length; i++)
                {
                    page[i] = Words[(i + (int)(number % 61)) % Words.Length];
                }

                BitConverter.TryWriteBytes(page, number);
                break;
            default:
                new Random((int)(number >> 2)).NextBytes(page);
                BitConverter.TryWriteBytes(page, number);
                break;
        }
    }

    /// <summary>Where a page differs from the number's; -1: nowhere.</summary>
    public static int FirstDifference(ulong number, ReadOnlySpan<byte> page)
    {
        Span<byte> expected = stackalloc byte[page.Length];
        Write(number, expected);
        var same = page.CommonPrefixLength(expected);
        return same == page.Length ? -1 : same;
    }

    /// <summary>The kind, for messages.</summary>
    public static string KindOf(ulong number) => (number % Kinds) switch
    {
        0 => "zeros",
        1 => "one word",
        2 => "text",
        _ => "random bytes",
    };
}
