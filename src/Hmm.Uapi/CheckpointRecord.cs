// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi;

/// <summary>One checkpoint of a persistent range.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct CheckpointRecord
{
    /// <summary>The size on the wire: 176 bytes.</summary>
    public const int StructBytes = 176;

    /// <summary>The checkpoint's number; unique and rising on its device.</summary>
    [FieldOffset(0)]
    public ulong Sequence;

    /// <summary>When it was made, in nanoseconds since 1970 (UTC).</summary>
    [FieldOffset(8)]
    public ulong TimeNs;

    /// <summary>The bytes of the range that the application uses.</summary>
    [FieldOffset(16)]
    public ulong LengthBytes;

    /// <summary>How many pages of 4096 bytes it changed.</summary>
    [FieldOffset(24)]
    public ulong PagesWritten;

    /// <summary>The size of an element in bytes.</summary>
    [FieldOffset(32)]
    public uint ElementBytes;

    /// <summary>The user whose range it is.</summary>
    [FieldOffset(36)]
    public uint UserId;

    /// <summary>Zero.</summary>
    [FieldOffset(40)]
    public ulong Reserved;

    /// <summary>The range.</summary>
    [FieldOffset(48)]
    public FixedName Name;

    /// <summary>The device that holds it.</summary>
    [FieldOffset(112)]
    public FixedName Device;
}
