// SPDX-License-Identifier: MIT
namespace Hmm.Linux;

/// <summary>The ways to a userfaultfd, best first.</summary>
public enum UserfaultFdMode
{
    /// <summary>
    /// Through <c>/dev/userfaultfd</c>: file permissions decide who may; complete. Linux 6.1.
    /// </summary>
    DeviceNode = 1,

    /// <summary>
    /// By the system call: needs CAP_SYS_PTRACE or <c>vm.unprivileged_userfaultfd=1</c>; complete.
    /// </summary>
    Syscall = 2,

    /// <summary>
    /// By the system call with <c>UFFD_USER_MODE_ONLY</c>: open to everyone, degraded. Loads and
    /// stores of the program fault pages in; a system call that touches an absent page fails with
    /// EFAULT.
    /// </summary>
    UserModeOnly = 3,
}
