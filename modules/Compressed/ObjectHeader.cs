// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace Hmm.Modules.Compressed;

/// <summary>
/// What stands before each object in its slot: whose page it is, so that it can be moved, and the page's checksum. The
/// frame is written twice, since following a damaged number would lead to a frame of somebody else.
/// </summary>
/// <remarks>All zero from the slot's allocation until the object is written: it names no frame.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct ObjectHeader
{
    /// <summary>The size: 12 bytes, 0.6 % of a typical object.</summary>
    public const int SizeBytes = 12;

    /// <summary>The checksum of the page, as it was before it was compressed.</summary>
    public uint Checksum; // Guarded by: the holder of the frame

    private uint _frame; // Guarded by: the holder of the frame until its word names the object, then the store's gate
    private uint _frameInverted; // as _frame

    /// <summary>Names the frame.</summary>
    public void SetFrame(uint frame)
    {
        _frame = frame;
        _frameInverted = ~frame;
    }

    /// <summary>The frame; false if none is named, or the header is damaged.</summary>
    public readonly bool TryGetFrame(out uint frame)
    {
        frame = _frame;
        return _frame == ~_frameInverted;
    }
}
