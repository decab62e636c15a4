// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>How pages are going to be accessed, as in <c>madvise(2)</c>.</summary>
public enum Advice : uint
{
    /// <summary>The host finds out by itself (MADV_NORMAL).</summary>
    Normal = 0,

    /// <summary>No order: bring single pages (MADV_RANDOM).</summary>
    Random = 1,

    /// <summary>In order: read far ahead, let go behind (MADV_SEQUENTIAL).</summary>
    Sequential = 2,
}
