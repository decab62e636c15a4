// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <summary>
/// A segment's life.
/// <code>
///   Cold (or never used) --+                                    +--> Discarding --> Cold
///   Warm ------------------+--> Open --> Closed --(all freed)---+--> Warm
///                                ^         |  ^
///                                +-(holes)-+  +--> Cleaning --> Closed
/// </code>
/// </summary>
internal enum SegmentState : byte
{
    /// <summary>Free, without room of the file system.</summary>
    Cold,

    /// <summary>Free, and its old room is still there: writing to it needs none.</summary>
    Warm,

    /// <summary>A stream takes places of it.</summary>
    Open,

    /// <summary>It holds pages, and perhaps holes.</summary>
    Closed,

    /// <summary>Its pages are being moved.</summary>
    Cleaning,

    /// <summary>Its room is being given back.</summary>
    Discarding,
}
