// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hmm.Core.Devices;

namespace Hmm.Modules.Block;

/// <summary>
/// Several pages in one place, as another device handed them down: a list of them, and their bytes behind it.
/// <code>
///   | count: 8 bytes | an entry of 20 bytes for each ... | nothing | ... bytes of the second | of the first |
/// </code>
/// </summary>
/// <remarks>
/// The place's checksum covers all of it. Whoever reads it trusts nothing that is written here all the same: every
/// offset is checked, and every page's own checksum once it is decoded.
/// </remarks>
internal static unsafe class PagePack
{
    /// <summary>The size: one place.</summary>
    public const int SizeBytes = 4096;

    private const int HeaderBytes = 8;

    /// <summary>The most bytes of a page that is packed: with its entry it fills a place.</summary>
    public const int PageBytesMax = SizeBytes - HeaderBytes - Entry.SizeBytes;

    /// <summary>Begins an empty one.</summary>
    public static void Clear(Span<byte> pack) => MemoryMarshal.Write(pack, 0UL);

    /// <summary>How many pages it has.</summary>
    public static int CountOf(ReadOnlySpan<byte> pack) =>
        Math.Min(MemoryMarshal.Read<int>(pack), (SizeBytes - HeaderBytes) / Entry.SizeBytes);

    /// <summary>Adds a page's bytes; false: there is no room for them.</summary>
    /// <param name="pack">The pack.</param>
    /// <param name="used">The bytes of pages in it so far, which only this changes.</param>
    /// <param name="frame">Whose page it is.</param>
    /// <param name="page">How the bytes stand.</param>
    /// <param name="bytes">The first of them.</param>
    public static bool TryAdd(Span<byte> pack, ref int used, uint frame, in EncodedPage page, nint bytes)
    {
        var count = MemoryMarshal.Read<int>(pack);
        if (HeaderBytes + ((count + 1) * Entry.SizeBytes) + used + page.LengthBytes > SizeBytes)
        {
            return false;
        }

        // Bytes are put in from the end, so that the list can grow; safe because the sum above fits.
        used += page.LengthBytes;
        var offset = SizeBytes - used;
        new ReadOnlySpan<byte>((void*)bytes, page.LengthBytes).CopyTo(pack[offset..]);
        MemoryMarshal.Write(pack[(HeaderBytes + (count * Entry.SizeBytes))..], new Entry
        {
            Encoding = page.Encoding.Code,
            Frame = frame,
            Checksum = page.Checksum,
            Offset = (ushort)offset,
            Length = (ushort)page.LengthBytes,
        });
        MemoryMarshal.Write(pack, count + 1);
        return true;
    }

    /// <summary>Clears what lies between the list and the bytes: it goes to a disk.</summary>
    public static void Finish(Span<byte> pack, int used)
    {
        var end = HeaderBytes + (MemoryMarshal.Read<int>(pack) * Entry.SizeBytes);
        pack[end..(SizeBytes - used)].Clear();
    }

    /// <summary>Finds a frame's page.</summary>
    public static bool TryFind(ReadOnlySpan<byte> pack, uint frame, out EncodedPage page, out ReadOnlySpan<byte> bytes)
    {
        var count = CountOf(pack);
        for (var i = 0; i < count; i++)
        {
            var entry = MemoryMarshal.Read<Entry>(pack[(HeaderBytes + (i * Entry.SizeBytes))..]);
            if (entry.Frame == frame && entry.Length > 0 && entry.Offset + entry.Length <= SizeBytes)
            {
                page = new EncodedPage(new PageEncoding(entry.Encoding), entry.Length, entry.Checksum);
                bytes = pack.Slice(entry.Offset, entry.Length);
                return true;
            }
        }

        page = default;
        bytes = default;
        return false;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 4, Size = SizeBytes)]
    private struct Entry
    {
        public const int SizeBytes = 20;

        public ulong Encoding;
        public uint Frame;
        public uint Checksum;
        public ushort Offset;
        public ushort Length;
    }
}
