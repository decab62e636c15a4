// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Runtime.InteropServices;
using Hmm.Linux;

namespace Hmm.Cli.Doctor;

/// <summary>
/// Judges <see cref="SystemFacts"/>: one finding a subject, each with the fix. Calls nothing, so
/// every case is tested with made-up facts. The system can run when no finding is a problem.
/// </summary>
internal static class Examination
{
    // A budget below this leaves no room for a batch each way beside the pages in use: the smallest
    // budget, 2 MiB, plus the 4 MiB by which a range may exceed it for a moment, plus what two
    // small .NET processes take.
    private const ulong LimitBytesMin = 192UL << 20;

    // The demo on a .NET installation needs its size once; below this, device memory is not much
    // use.
    private const ulong FreeBytesMin = 1UL << 30;

    internal static IReadOnlyList<Finding> Of(SystemFacts facts) =>
    [
        Kernel(facts),
        UserfaultFd(facts),
        Seccomp(facts),
        Processors(facts),
        Memory(facts),
        MemoryLimit(facts),
        Memlock(facts),
        Swap(facts),
        Overcommit(facts),
        Ring(facts),
        DeviceFolder(facts.DeviceFolder),
    ];

    internal static bool CanRun(IEnumerable<Finding> findings) => findings.All(f => f.State != FindingState.Problem);

    private static Finding Kernel(SystemFacts facts)
    {
        var text = $"Linux {facts.KernelRelease}, {facts.Architecture}, pages of {facts.PageSizeBytes} bytes";
        if (facts.PageSizeBytes != 4096)
        {
            return new Finding(
                "kernel",
                FindingState.Problem,
                text + "; Hmm.NET needs pages of 4096 bytes",
                "boot a kernel with 4 KiB pages");
        }

        return facts.Architecture is Architecture.X64 or Architecture.Arm64
            ? new Finding("kernel", FindingState.Ok, text)
            : new Finding(
                "kernel", FindingState.Problem, text + "; Hmm.NET knows x64 and Arm64", "run it on x64 or Arm64");
    }

    private static Finding UserfaultFd(SystemFacts facts)
    {
        const string Subject = "userfaultfd";
        var best = facts.Rungs.FirstOrDefault(rung => rung.Available);
        IReadOnlyList<string> refused = [.. facts.Rungs.Where(rung => !rung.Available).Select(Describe)];
        if (!best.Available)
        {
            return new Finding(
                Subject,
                FindingState.Problem,
                "not available, so pages cannot come back by themselves",
                UserfaultFdFix(facts)) { Details = refused };
        }

        if (best.Mode == UserfaultFdMode.UserModeOnly)
        {
            return new Finding(
                Subject,
                FindingState.Warning,
                "user mode only: a system call that touches an absent page fails with EFAULT",
                UserfaultFdFix(facts)) { Details = refused };
        }

        var through = best.Mode == UserfaultFdMode.DeviceNode ? "through /dev/userfaultfd" : "through the system call";
        return new Finding(Subject, FindingState.Ok, through) { Details = refused };
    }

    private static string Describe(UserfaultFdProbe rung) => $"{NameOf(rung.Mode)}: {rung.Explanation}";

    private static string NameOf(UserfaultFdMode mode) => mode switch
    {
        UserfaultFdMode.DeviceNode => "not through the device node",
        UserfaultFdMode.Syscall => "not through the system call",
        _ => "not in user mode only",
    };

    private static string UserfaultFdFix(SystemFacts facts)
    {
        if (facts.SeccompMode != SeccompMode.Disabled)
        {
            return "in a container: --device /dev/userfaultfd, or --security-opt seccomp=unconfined with "
                + "sysctl vm.unprivileged_userfaultfd=1 on the host";
        }

        return facts.UserId == 0
            ? "modprobe userfaultfd has no effect: boot a kernel built with CONFIG_USERFAULTFD=y"
            : "sudo sysctl vm.unprivileged_userfaultfd=1, or sudo setfacl -m u:$USER:rw /dev/userfaultfd";
    }

    private static Finding Seccomp(SystemFacts facts) => facts.SeccompMode switch
    {
        SeccompMode.Disabled => new Finding("seccomp", FindingState.Ok, "no filter on system calls"),
        _ when facts.Rungs.Any(rung => rung.Available) =>
            new Finding("seccomp", FindingState.Ok, "a filter is on, and lets userfaultfd through"),
        _ => new Finding(
            "seccomp",
            FindingState.Warning,
            "a filter on system calls is on; it may be what forbids userfaultfd",
            "docker run --security-opt seccomp=unconfined, or a profile that allows userfaultfd"),
    };

    private static Finding Processors(SystemFacts facts) => facts.ProcessorCount >= 2
        ? new Finding("processors", FindingState.Ok, facts.ProcessorCount.ToString(CultureInfo.InvariantCulture))
        : new Finding(
            "processors",
            FindingState.Warning,
            "one: the application and the host take turns on it, so each fault costs two switches",
            "give the machine or container at least two processors");

    private static Finding Memory(SystemFacts facts) => new(
        "memory",
        FindingState.Ok,
        $"{ByteSize.Format(facts.AvailableMemoryBytes)} available of {ByteSize.Format(facts.TotalMemoryBytes)}");

    private static Finding MemoryLimit(SystemFacts facts)
    {
        const string Subject = "cgroup";
        if (facts.MemoryLimitBytes is not { } limit)
        {
            return new Finding(Subject, FindingState.Ok, "no memory limit");
        }

        var text = $"memory limit {ByteSize.Format(limit)} ({facts.MemoryLimitSource}); "
            + "budgets, the application and the host share it";
        return limit >= LimitBytesMin
            ? new Finding(Subject, FindingState.Ok, text)
            : new Finding(
                Subject,
                FindingState.Warning,
                text + ", and it is tight for two .NET processes",
                $"raise it to {ByteSize.Format(LimitBytesMin)} or more (docker run --memory)");
    }

    private static Finding Memlock(SystemFacts facts)
    {
        var limit = facts.MemlockLimitBytes;
        var text = limit >= long.MaxValue
            ? "no limit on locked memory"
            : $"at most {ByteSize.Format(limit)} of locked memory";
        return limit > 0
            ? new Finding("memlock", FindingState.Ok, text)
            : new Finding(
                "memlock",
                FindingState.Warning,
                "no memory may be locked, so buffers cannot be registered with a device",
                "ulimit -l 8192, or LimitMEMLOCK=8M in the service's unit");
    }

    private static Finding Swap(SystemFacts facts) => new(
        "swap",
        FindingState.Ok,
        facts.SwapTotalBytes == 0
            ? "none; Hmm.NET does not need it"
            : $"{ByteSize.Format(facts.SwapTotalBytes)}; under pressure the kernel may swap out "
                + "pages that Hmm.NET keeps resident");

    private static Finding Overcommit(SystemFacts facts) => facts.OvercommitMode != 2
        ? new Finding("overcommit", FindingState.Ok, $"vm.overcommit_memory is {facts.OvercommitMode}")
        : new Finding(
            "overcommit",
            FindingState.Warning,
            "vm.overcommit_memory is 2: address space that is reserved and never touched counts, "
                + "so large devices may be refused",
            "sudo sysctl vm.overcommit_memory=0");

    private static Finding Ring(SystemFacts facts) => facts.WhyNoRing.Length == 0
        ? new Finding("io_uring", FindingState.Ok, "available, so a disk's queue is kept deep")
        : new Finding(
            "io_uring",
            FindingState.Warning,
            $"not available, so worker threads read and write devices: {facts.WhyNoRing}",
            "sudo sysctl kernel.io_uring_disabled=0; in a container, a seccomp profile that allows io_uring");

    private static Finding DeviceFolder(DeviceFolderFacts folder)
    {
        const string Subject = "device";
        if (folder.Error is not null)
        {
            return new Finding(
                Subject,
                FindingState.Problem,
                $"device memory cannot be created in {folder.Path}: {folder.Error.TrimEnd('.')}",
                "name a folder that you may write to: --device-folder DIR");
        }

        var text = $"{ByteSize.Format(folder.FreeBytes)} free in {folder.Path}"
            + (folder.FileSystem.Length > 0 ? $" ({folder.FileSystem})" : "");
        if (folder.FileSystem is "tmpfs" or "ramfs")
        {
            return new Finding(
                Subject,
                FindingState.Warning,
                text + ", which is DRAM itself: nothing is gained by moving pages there",
                "name a folder on a disk: --device-folder DIR");
        }

        return folder.FreeBytes >= FreeBytesMin
            ? new Finding(Subject, FindingState.Ok, text)
            : new Finding(
                Subject,
                FindingState.Warning,
                text + ", which is little",
                "free some, or name another: --device-folder DIR");
    }
}
