// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>
/// The answer to Migrate: a byte for each page follows, 0 or the error number that kept it where it was.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct MigrateReply
{
    /// <summary>The size on the wire: 32 bytes.</summary>
    public const int StructBytes = 32;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public ReplyHeader Header;

    /// <summary>How many bytes follow: what was asked for.</summary>
    [FieldOffset(24)]
    public uint PageCount;

    /// <summary>Zero.</summary>
    [FieldOffset(28)]
    public uint Reserved;
}
