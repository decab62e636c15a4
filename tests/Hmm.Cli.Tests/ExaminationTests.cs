// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Cli.Doctor;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Cli.Tests;

/// <summary>The doctor's judgement, on made-up systems.</summary>
public sealed class ExaminationTests
{
    private static readonly UserfaultFdProbe[] AllRungs =
    [
        new(UserfaultFdMode.DeviceNode, true, Errno.None, "Complete."),
        new(UserfaultFdMode.Syscall, true, Errno.None, "Complete."),
        new(UserfaultFdMode.UserModeOnly, true, Errno.None, "User mode only."),
    ];

    private static readonly SystemFacts Healthy = new()
    {
        KernelRelease = "6.18.0",
        Architecture = Architecture.X64,
        PageSizeBytes = 4096,
        ProcessorCount = 8,
        UserId = 1000,
        Rungs = AllRungs,
        SeccompMode = SeccompMode.Disabled,
        MemlockLimitBytes = 8 << 20,
        TotalMemoryBytes = 16UL << 30,
        AvailableMemoryBytes = 8UL << 30,
        MemoryLimitBytes = null,
        MemoryLimitSource = "",
        SwapTotalBytes = 0,
        OvercommitMode = 0,
        DeviceFolder = new DeviceFolderFacts("/tmp", "ext4", 100UL << 30, Error: null),
    };

    [Fact]
    public void AHealthySystemHasNothingToFix()
    {
        var findings = Examination.Of(Healthy);
        Assert.All(findings, finding => Assert.Equal(FindingState.Ok, finding.State));
        Assert.All(findings, finding => Assert.Null(finding.Fix));
        Assert.True(Examination.CanRun(findings));
    }

    [Fact]
    public void NoUserfaultFdIsAProblemWithTheFix()
    {
        var finding = Find(Healthy with { Rungs = Rungs(null) }, "userfaultfd", FindingState.Problem);
        Assert.Contains("vm.unprivileged_userfaultfd=1", finding.Fix, StringComparison.Ordinal);
        Assert.Equal(3, finding.Details.Count);
        Assert.EndsWith("because of reason 3.", finding.Details[2], StringComparison.Ordinal);
        Assert.False(Examination.CanRun([finding]));
    }

    [Fact]
    public void ForbiddenIoUringIsAWarningWithTheReason()
    {
        var finding = Find(Healthy with { WhyNoRing = "of a sandbox" }, "io_uring", FindingState.Warning);
        Assert.Contains("of a sandbox", finding.Text, StringComparison.Ordinal);
        Assert.Contains("kernel.io_uring_disabled=0", finding.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void UserModeOnlyIsAWarning()
    {
        var finding = Find(
            Healthy with { Rungs = Rungs(UserfaultFdMode.UserModeOnly) }, "userfaultfd", FindingState.Warning);
        Assert.Contains("EFAULT", finding.Text, StringComparison.Ordinal);
        Assert.NotNull(finding.Fix);
    }

    [Fact]
    public void TheSystemCallWillDoAndTheTextSaysWhyNotTheNode()
    {
        var finding = Find(Healthy with { Rungs = Rungs(UserfaultFdMode.Syscall) }, "userfaultfd", FindingState.Ok);
        Assert.Contains("through the system call", finding.Text, StringComparison.Ordinal);
        Assert.Equal(["not through the device node: because of reason 1."], finding.Details);
    }

    [Fact]
    public void AFilterInAContainerGetsTheContainersFix()
    {
        var facts = Healthy with { Rungs = Rungs(null), SeccompMode = SeccompMode.Filter };
        Assert.Contains(
            "--security-opt", Find(facts, "userfaultfd", FindingState.Problem).Fix, StringComparison.Ordinal);
        Find(facts, "seccomp", FindingState.Warning);
        Find(facts with { Rungs = AllRungs }, "seccomp", FindingState.Ok);
    }

    [Fact]
    public void LargePagesOfTheKernelAreAProblem() =>
        Find(Healthy with { PageSizeBytes = 65536 }, "kernel", FindingState.Problem);

    [Fact]
    public void AnUnknownProcessorIsAProblem() =>
        Find(Healthy with { Architecture = Architecture.S390x }, "kernel", FindingState.Problem);

    [Fact]
    public void OneProcessorIsAWarning() =>
        Find(Healthy with { ProcessorCount = 1 }, "processors", FindingState.Warning);

    [Fact]
    public void ATightLimitIsAWarningThatNamesItsFile()
    {
        var facts = Healthy with { MemoryLimitBytes = 64 << 20, MemoryLimitSource = "/sys/fs/cgroup/memory.max" };
        var finding = Find(facts, "cgroup", FindingState.Warning);
        Assert.Contains("/sys/fs/cgroup/memory.max", finding.Text, StringComparison.Ordinal);
        Find(facts with { MemoryLimitBytes = 1 << 30 }, "cgroup", FindingState.Ok);
    }

    [Fact]
    public void NoLockedMemoryIsAWarning() =>
        Find(Healthy with { MemlockLimitBytes = 0 }, "memlock", FindingState.Warning);

    [Fact]
    public void StrictOvercommitIsAWarning() =>
        Find(Healthy with { OvercommitMode = 2 }, "overcommit", FindingState.Warning);

    [Theory]
    [InlineData("ext4", 1, null, "Warning")]
    [InlineData("tmpfs", 100, null, "Warning")]
    [InlineData("ext4", 100, "Read-only file system", "Problem")]
    public void TheDeviceFolderIsJudged(string fileSystem, ulong freeMiB, string? error, string state)
    {
        var folder = new DeviceFolderFacts("/data", fileSystem, freeMiB << 20, error);
        var finding = Find(Healthy with { DeviceFolder = folder }, "device", Enum.Parse<FindingState>(state));
        Assert.Contains("--device-folder", finding.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void FactsOfAMissingFolderSaySo()
    {
        Assert.Equal("it does not exist", DeviceFolderFacts.Read("/no/such/folder").Error);
        Assert.Equal("it is not a folder", DeviceFolderFacts.Read("/proc/self/status").Error);
        Assert.NotNull(DeviceFolderFacts.Read("/proc").Error);
    }

    private static UserfaultFdProbe[] Rungs(UserfaultFdMode? best) =>
        [.. AllRungs.Select(rung => best is { } mode && rung.Mode >= mode
            ? rung
            : new UserfaultFdProbe(rung.Mode, false, Errno.EPERM, $"because of reason {(int)rung.Mode}."))];

    private static Finding Find(SystemFacts facts, string subject, FindingState state)
    {
        var finding = Assert.Single(Examination.Of(facts), finding => finding.Subject == subject);
        Assert.Equal(state, finding.State);
        Assert.Equal(state == FindingState.Ok, finding.Fix is null);
        return finding;
    }
}
