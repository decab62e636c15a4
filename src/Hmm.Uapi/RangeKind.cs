// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>
/// What stands behind a page that was never touched, and where a dirty page belongs.
/// </summary>
public enum RangeKind : uint
{
    /// <summary>Zeros; dirty pages go to device memory.</summary>
    Anonymous = 0,

    /// <summary>The file's bytes; dirty pages go to device memory and never to the file.</summary>
    FilePrivate = 1,

    /// <summary>The file's bytes; dirty pages go back to the file.</summary>
    FileShared = 2,

    /// <summary>
    /// A named range of a persistent device: the bytes of its last checkpoint; dirty pages go to that device, and count
    /// once they are in a checkpoint. Opened by OpenPersistent, not by CreateRange.
    /// </summary>
    Persistent = 3,
}
