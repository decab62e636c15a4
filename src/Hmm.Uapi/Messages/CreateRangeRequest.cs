// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>CreateRange: comes with the range's memfd and, for a file range, the file.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct CreateRangeRequest
{
    /// <summary>The size on the wire: 128 bytes.</summary>
    public const int StructBytes = 128;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>What stands behind the pages.</summary>
    [FieldOffset(16)]
    public RangeKind Kind;

    /// <summary>log2 of the page size in bytes: 12 to 21.</summary>
    [FieldOffset(20)]
    public uint PageShift;

    /// <summary>Where the client mapped the memfd; a multiple of the page size.</summary>
    [FieldOffset(24)]
    public ulong BaseAddress;

    /// <summary>The length; a multiple of the page size, and the memfd's length.</summary>
    [FieldOffset(32)]
    public ulong LengthBytes;

    /// <summary>
    /// A file range: how many bytes of the file, from its start, the range covers. Else 0.
    /// </summary>
    [FieldOffset(40)]
    public ulong FileBytes;

    /// <summary>How the range will be accessed at first.</summary>
    [FieldOffset(48)]
    public Advice Advice;

    /// <summary>What becomes of a thread that touches a page which cannot be had.</summary>
    [FieldOffset(52)]
    public ErrorPolicy ErrorPolicy;

    /// <summary>The DRAM that other ranges cannot take from it, in MiB; 0 for none.</summary>
    [FieldOffset(56)]
    public uint MinimumShareMiB;

    /// <summary>The DRAM that it should not go beyond, in MiB; 0 for no limit.</summary>
    [FieldOffset(60)]
    public uint MaximumShareMiB;

    /// <summary>The range's name; for reports. It may be empty.</summary>
    [FieldOffset(64)]
    public FixedName Name;
}
