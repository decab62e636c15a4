// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Virtual;

/// <summary>What stands behind a page of a range that has no frame of its own.</summary>
internal enum RangeKind
{
    /// <summary>Zeros.</summary>
    Anonymous = 0,

    /// <summary>The page's home frame in a file; changed pages get frames of their own, the file is never written.</summary>
    FilePrivate = 1,

    /// <summary>The page's home frame in a file; changed pages are written back there.</summary>
    FileShared = 2,
}
