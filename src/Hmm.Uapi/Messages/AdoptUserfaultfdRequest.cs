// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>AdoptUserfaultfd: comes with one descriptor, the userfaultfd of the session.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct AdoptUserfaultfdRequest
{
    /// <summary>The size on the wire: 24 bytes.</summary>
    public const int StructBytes = 24;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>How it was opened.</summary>
    [FieldOffset(16)]
    public AdoptFlags Flags;

    /// <summary>Zero.</summary>
    [FieldOffset(20)]
    public uint Reserved;
}
