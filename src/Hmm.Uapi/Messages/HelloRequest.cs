// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>Hello: the versions that the client speaks, and who it is.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct HelloRequest
{
    /// <summary>The size on the wire: 96 bytes.</summary>
    public const int StructBytes = 96;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>The oldest version that the client speaks.</summary>
    [FieldOffset(16)]
    public ushort VersionMin;

    /// <summary>The newest version that the client speaks.</summary>
    [FieldOffset(18)]
    public ushort VersionMax;

    /// <summary>The client's process id in its own namespace; for reports only.</summary>
    [FieldOffset(20)]
    public uint ProcessId;

    /// <summary>What the client asks for.</summary>
    [FieldOffset(24)]
    public Features Features;

    /// <summary>The application's name; for reports.</summary>
    [FieldOffset(32)]
    public FixedName Name;
}
