// SPDX-License-Identifier: MIT
namespace Hmm;

/// <summary>What becomes of writes to a mapped file.</summary>
public enum HmmMapMode
{
    /// <summary>
    /// Copy on write: the file stays as it is, and others do not see the writes. Whether changes that others make to
    /// the file meanwhile are seen is unspecified, as for <c>MAP_PRIVATE</c>: not in pages that are in DRAM already,
    /// which prefetch may have brought.
    /// </summary>
    Private = 0,

    /// <summary>
    /// Written back to the file: on its way out of DRAM, on Flush, and on Dispose.
    /// </summary>
    Shared = 1,
}
