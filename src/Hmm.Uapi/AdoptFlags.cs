// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>Flags of AdoptUserfaultfd.</summary>
[Flags]
public enum AdoptFlags : uint
{
    /// <summary>
    /// Faults of the kernel (system calls on the range's memory) are delivered too.
    /// </summary>
    None = 0,

    /// <summary>
    /// It was opened with UFFD_USER_MODE_ONLY: system calls on absent pages fail with EFAULT, so
    /// pages must be touched and pinned before they are handed to one.
    /// </summary>
    UserModeOnly = 1 << 0,
}
