// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>ReadModules.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct ReadModulesRequest
{
    /// <summary>The size on the wire: 480 bytes.</summary>
    public const int StructBytes = 480;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>What to read.</summary>
    [FieldOffset(16)]
    public ModuleText Kind;

    /// <summary>Zero.</summary>
    [FieldOffset(20)]
    public uint Reserved;

    /// <summary>0 at first, then what the last reply returned.</summary>
    [FieldOffset(24)]
    public ulong Cursor;

    /// <summary>For Module its name or file, else empty.</summary>
    [FieldOffset(32)]
    public FixedText Name;
}
