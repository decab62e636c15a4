// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>
/// What every reply begins with: the body follows on success, a sentence otherwise.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct ReplyHeader
{
    /// <summary>The size on the wire: 24 bytes.</summary>
    public const int StructBytes = 24;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>0, or why it failed.</summary>
    [FieldOffset(16)]
    public Errno Errno;

    /// <summary>The length of the UTF-8 sentence that follows; 0 on success.</summary>
    [FieldOffset(20)]
    public uint TextBytes;
}
