// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi;

/// <summary>One device.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct DeviceRecord
{
    /// <summary>The size on the wire: 248 bytes.</summary>
    public const int StructBytes = 248;

    /// <summary>Its device memory, in bytes.</summary>
    [FieldOffset(0)]
    public ulong SizeBytes;

    /// <summary>Of it in use, in bytes.</summary>
    [FieldOffset(8)]
    public ulong UsedBytes;

    /// <summary>Bytes it returned (fills).</summary>
    [FieldOffset(16)]
    public ulong BytesRead;

    /// <summary>Bytes it took (evictions).</summary>
    [FieldOffset(24)]
    public ulong BytesWritten;

    /// <summary>Operations of it that failed.</summary>
    [FieldOffset(32)]
    public ulong Errors;

    /// <summary>Copies that it has not completed.</summary>
    [FieldOffset(40)]
    public ulong InFlight;

    /// <summary>Where it is in its life.</summary>
    [FieldOffset(48)]
    public LifetimeState State;

    /// <summary>The type of its memory.</summary>
    [FieldOffset(52)]
    public PageMapType Type;

    /// <summary>Its name.</summary>
    [FieldOffset(56)]
    public FixedName Name;

    /// <summary>The module that drives it.</summary>
    [FieldOffset(120)]
    public FixedName Driver;

    /// <summary>What the driver says about it, such as a file's path.</summary>
    [FieldOffset(184)]
    public FixedName Detail;
}
