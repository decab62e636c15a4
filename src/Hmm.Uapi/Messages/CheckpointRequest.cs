// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>Checkpoint.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct CheckpointRequest
{
    /// <summary>The size on the wire: 24 bytes.</summary>
    public const int StructBytes = 24;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>The range.</summary>
    [FieldOffset(16)]
    public ulong RangeId;
}
