// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Linux.Tests.Support;

/// <summary>What a test needs of the machine beyond Linux.</summary>
public enum Need
{
    /// <summary>Any userfaultfd, if only for user-mode faults.</summary>
    UserfaultFd,

    /// <summary>A complete userfaultfd: faults inside system calls are served.</summary>
    FullUserfaultFd,

    /// <summary>UFFDIO_POISON, Linux 6.6.</summary>
    Poison,

    /// <summary>The right to mount file systems.</summary>
    Mount,

    /// <summary>A temporary folder whose file system has O_DIRECT.</summary>
    DirectIo,

    /// <summary>An io_uring, and a temporary folder whose file system has O_DIRECT.</summary>
    Ring,

    /// <summary>The right to mount file systems, and a loop device.</summary>
    Loop,
}
