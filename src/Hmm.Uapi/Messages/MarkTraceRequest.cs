// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>MarkTrace: nothing but the header.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct MarkTraceRequest
{
    /// <summary>The size on the wire: 16 bytes.</summary>
    public const int StructBytes = 16;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;
}
