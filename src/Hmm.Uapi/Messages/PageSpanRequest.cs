// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>
/// A span of pages of a range: Hint, Advise, DontNeed, Pin, Unpin, Flush and Residency.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct PageSpanRequest
{
    /// <summary>The size on the wire: 48 bytes.</summary>
    public const int StructBytes = 48;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>The range.</summary>
    [FieldOffset(16)]
    public ulong RangeId;

    /// <summary>The first page.</summary>
    [FieldOffset(24)]
    public ulong FirstPage;

    /// <summary>How many pages; at least 1.</summary>
    [FieldOffset(32)]
    public ulong PageCount;

    /// <summary>
    /// Hint: a HintKind. Advise: an Advice. Residency: the number of cells. Otherwise zero.
    /// </summary>
    [FieldOffset(40)]
    public uint Argument;

    /// <summary>Zero.</summary>
    [FieldOffset(44)]
    public uint Reserved;
}
