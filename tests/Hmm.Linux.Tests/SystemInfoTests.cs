// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux.Tests.Support;
using Hmm.Uapi;

namespace Hmm.Linux.Tests;

/// <summary>What is read of this system, against what else says the same.</summary>
public sealed class SystemInfoTests
{
    [Fact]
    public void MemoryAddsUp()
    {
        Assert.InRange(SystemInfo.AvailableMemoryBytes, 1UL << 20, SystemInfo.TotalMemoryBytes);
        Assert.Equal(0UL, SystemInfo.SwapTotalBytes % 1024);
        Assert.True(SystemInfo.PageSizeBytes >= 4096);
        Assert.True(SystemInfo.ProcessorCount >= 1);
    }

    [Fact]
    public void KernelIsTheRuntimesKernel()
    {
        var version = Environment.OSVersion.Version.ToString(2);
        Assert.StartsWith(version, SystemInfo.KernelRelease, StringComparison.Ordinal);
    }

    [Fact]
    public void UserIsTheOneWhoOwnsNewFiles()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(Errno.None, FileStatus.TryOf(folder.Path, out var status));
        Assert.Equal(status.UserId, SystemInfo.UserId);
    }

    [Fact]
    public void LimitsAndPermissionsAreRead()
    {
        Assert.True(SystemInfo.MemlockLimitBytes > 0);
        Assert.True(Enum.IsDefined(SystemInfo.SeccompMode));
        var syscall = UserfaultFd.Probe()[1];
        Assert.True(syscall.Available || syscall.Error != Errno.None);
        Assert.True(!SystemInfo.HasCapSysPtrace || SystemInfo.SeccompMode != SeccompMode.Disabled || syscall.Available);
        if (SystemInfo.TryGetMemoryLimit(out var bytes, out var source))
        {
            Assert.True(File.Exists(source));
            Assert.True(bytes > 0);
        }
    }

    [Fact]
    public void AThreadIsPreemptedWhereMoreAreBusyThanThereAreProcessors()
    {
        using var isPreempted = new ManualResetEventSlim();
        var threads = new Thread[SystemInfo.ProcessorCount + 1];
        for (var i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(() =>
            {
                var before = SystemInfo.PreemptionsOfThisThread;
                var deadline = Environment.TickCount64 + 20_000;
                while (!isPreempted.IsSet && Environment.TickCount64 < deadline)
                {
                    if (SystemInfo.PreemptionsOfThisThread > before)
                    {
                        isPreempted.Set();
                        return;
                    }
                }
            });
            threads[i].Start();
        }

        Array.ForEach(threads, static thread => thread.Join());
        Assert.True(isPreempted.IsSet);
    }

    [Fact]
    public void FreeSpaceIsThatOfTheFolder()
    {
        using var folder = new TemporaryFolder();
        Assert.InRange(SystemInfo.FreeSpaceBytes(folder.Path), 1UL, (ulong)new DriveInfo(folder.Path).TotalSize);
        var refused = Assert.Throws<HmmException>(() => SystemInfo.FreeSpaceBytes(folder.File("missing")));
        Assert.Equal(Errno.ENOENT, refused.Errno);
        Assert.Contains("statvfs", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OnlyARegularFileIsOne()
    {
        using var folder = new TemporaryFolder();
        using (var file = File.OpenHandle(folder.File("a"), FileMode.Create, FileAccess.Write))
        {
            Assert.True(SystemInfo.IsRegularFile(file));
        }

        using var device = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write);
        Assert.False(SystemInfo.IsRegularFile(device));
        using var descriptor = EventFd.Create();
        Assert.False(SystemInfo.IsRegularFile(descriptor));
    }

    [Fact]
    public void ProcTextIsReadByWholeNames()
    {
        const string Text = "MemTotal:       24684092 kB\nMemFree:        100 kB\nSwapTotal:             0 kB\n"
            + "CapEff:\t0000000000080000\nSeccomp:\t2\nCpus_allowed_list:\t0-2,5,8-9\n";
        Assert.Equal(24684092UL * 1024, ProcText.KibibytesOf(Text, "MemTotal"));
        Assert.Equal(0UL, ProcText.KibibytesOf(Text, "SwapTotal"));
        Assert.Equal(0UL, ProcText.KibibytesOf(Text, "Mem"));
        Assert.Equal(0UL, ProcText.KibibytesOf("", "MemTotal"));
        Assert.Equal(2UL, ProcText.NumberOf(Text, "Seccomp"));
        Assert.True(ProcText.HasCapability(Text, 19));
        Assert.False(ProcText.HasCapability(Text, 20));
        Assert.False(ProcText.HasCapability("", 19));
        Assert.Equal([0, 1, 2, 5, 8, 9], ProcText.NumbersOf(Text, "Cpus_allowed_list"));
        Assert.Empty(ProcText.NumbersOf(Text, "Mems_allowed_list"));

        // A quota may leave the process less than its processors.
        Assert.InRange(Environment.ProcessorCount, 1, SystemInfo.Processors.Count);
    }
}
