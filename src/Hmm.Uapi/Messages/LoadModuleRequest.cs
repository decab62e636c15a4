// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>LoadModule.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct LoadModuleRequest
{
    /// <summary>The size on the wire: 472 bytes.</summary>
    public const int StructBytes = 472;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>The module and its parameters, as in Hmm.Modules.Block,queue=64.</summary>
    [FieldOffset(16)]
    public FixedText Specification;

    /// <summary>How to load it.</summary>
    [FieldOffset(464)]
    public LoadFlags Flags;

    /// <summary>Zero.</summary>
    [FieldOffset(468)]
    public uint Reserved;
}
