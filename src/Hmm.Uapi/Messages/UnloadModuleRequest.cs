// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>UnloadModule.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct UnloadModuleRequest
{
    /// <summary>The size on the wire: 464 bytes.</summary>
    public const int StructBytes = 464;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>The module's name.</summary>
    [FieldOffset(16)]
    public FixedText Name;
}
