// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>OpenPersistent: comes with the range's memfd. Its pages have 4096 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct OpenPersistentRequest
{
    /// <summary>The size on the wire: 192 bytes.</summary>
    public const int StructBytes = 192;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>Where the client mapped the memfd; a multiple of 4096.</summary>
    [FieldOffset(16)]
    public ulong BaseAddress;

    /// <summary>The length; a multiple of 4096, and the memfd's length.</summary>
    [FieldOffset(24)]
    public ulong LengthBytes;

    /// <summary>The bytes that the application uses: in the last page of the range, at least 1.</summary>
    [FieldOffset(32)]
    public ulong ContentBytes;

    /// <summary>0: the last checkpoint, to go on from there. Otherwise the one to look at.</summary>
    [FieldOffset(40)]
    public ulong Sequence;

    /// <summary>The size of an element; a range is opened again only with the same.</summary>
    [FieldOffset(48)]
    public uint ElementBytes;

    /// <summary>How it will be accessed at first.</summary>
    [FieldOffset(52)]
    public Advice Advice;

    /// <summary>What becomes of a thread that touches a page which cannot be had.</summary>
    [FieldOffset(56)]
    public ErrorPolicy ErrorPolicy;

    /// <summary>Zero.</summary>
    [FieldOffset(60)]
    public uint Reserved;

    /// <summary>The range's name, not empty.</summary>
    [FieldOffset(64)]
    public FixedName Name;

    /// <summary>The device; empty where the host has one persistent device.</summary>
    [FieldOffset(128)]
    public FixedName Device;
}
