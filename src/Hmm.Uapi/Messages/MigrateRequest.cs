// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>Migrate.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct MigrateRequest
{
    /// <summary>The size on the wire: 112 bytes.</summary>
    public const int StructBytes = 112;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>
    /// The session whose range it is, as Query reports it; 0: this one. Another's needs
    /// <see cref="Features.Administration"/>.
    /// </summary>
    [FieldOffset(16)]
    public ulong SessionId;

    /// <summary>The range.</summary>
    [FieldOffset(24)]
    public ulong RangeId;

    /// <summary>The first page.</summary>
    [FieldOffset(32)]
    public ulong FirstPage;

    /// <summary>How many pages: 1 to <see cref="Limits.MigratePagesMax"/>.</summary>
    [FieldOffset(40)]
    public uint PageCount;

    /// <summary>Zero.</summary>
    [FieldOffset(44)]
    public uint Reserved;

    /// <summary>The device that they are to go to.</summary>
    [FieldOffset(48)]
    public FixedName Device;
}
