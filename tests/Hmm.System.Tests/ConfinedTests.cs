// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.System.Tests.Support;
using Hmm.Uapi;

namespace Hmm.System.Tests;

/// <summary>
/// Users who may do little: the degraded mode that is declared works, and where nothing works it is
/// said.
/// </summary>
public sealed class ConfinedTests
{
    [OtherUserFact]
    public void WorksWithUserModeFaultsOnly()
    {
        using var child = OtherUser.Play("degraded");
        var mode = child.ReadLine();
        if (mode != nameof(UserfaultFdMode.UserModeOnly))
        {
            // This machine gives every user a complete userfaultfd, so there is no degraded mode to see.
            Assert.True(mode is nameof(UserfaultFdMode.DeviceNode) or nameof(UserfaultFdMode.Syscall), child.Errors);
            return;
        }

        child.Expect("wrong 0");
        child.Expect("bulk");

        // A system call on absent pages says so; on pinned pages it works.
        child.Expect("EFAULT 4096");
        Assert.Equal(0, child.WaitForExit());
    }

    [OtherUserFact]
    public void SaysWhatToDoWhereThereIsNoUserfaultfd()
    {
        using var child = OtherUser.Play("sealed");
        Assert.Contains(child.ReadLine(), (string[])[nameof(Errno.EPERM), nameof(Errno.EACCES)]);
        Refused.IsSentence(child.ReadLine()!, "userfaultfd", "seccomp", "udev");
        Assert.Equal(0, child.WaitForExit());
    }
}
