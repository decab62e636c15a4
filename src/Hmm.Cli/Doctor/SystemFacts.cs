// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Linux;

namespace Hmm.Cli.Doctor;

/// <summary>
/// What the doctor reads of the system, once. The judgement is in <see cref="Examination"/>, which
/// calls nothing.
/// </summary>
internal sealed record SystemFacts
{
    internal required string KernelRelease { get; init; }

    internal required Architecture Architecture { get; init; }

    internal required ulong PageSizeBytes { get; init; }

    internal required int ProcessorCount { get; init; }

    internal required uint UserId { get; init; }

    /// <summary>The ladder, best rung first.</summary>
    internal required IReadOnlyList<UserfaultFdProbe> Rungs { get; init; }

    /// <summary>0 off, 1 strict, 2 filter: <c>Seccomp:</c> of <c>/proc/self/status</c>.</summary>
    internal required SeccompMode SeccompMode { get; init; }

    internal required ulong MemlockLimitBytes { get; init; }

    internal required ulong TotalMemoryBytes { get; init; }

    internal required ulong AvailableMemoryBytes { get; init; }

    /// <summary>
    /// The tightest memory limit of this process's cgroups; null where there is none.
    /// </summary>
    internal required ulong? MemoryLimitBytes { get; init; }

    /// <summary>The file that states the limit.</summary>
    internal required string MemoryLimitSource { get; init; }

    internal required ulong SwapTotalBytes { get; init; }

    /// <summary>0 guess, 1 always, 2 never: <c>vm.overcommit_memory</c>.</summary>
    internal required int OvercommitMode { get; init; }

    /// <summary>Why io_uring cannot be used; empty if it can.</summary>
    internal string WhyNoRing { get; init; } = "";

    internal required DeviceFolderFacts DeviceFolder { get; init; }

    /// <summary>Reads them all.</summary>
    /// <param name="deviceFolder">Where device memory would be created.</param>
    internal static SystemFacts Read(string deviceFolder)
    {
        var limited = SystemInfo.TryGetMemoryLimit(out var limit, out var source);
        return new SystemFacts
        {
            KernelRelease = SystemInfo.KernelRelease,
            WhyNoRing = FileIo.ProbeRing(),
            Architecture = RuntimeInformation.ProcessArchitecture,
            PageSizeBytes = (ulong)SystemInfo.PageSizeBytes,
            ProcessorCount = SystemInfo.ProcessorCount,
            UserId = SystemInfo.UserId,
            Rungs = UserfaultFd.Probe(),
            SeccompMode = SystemInfo.SeccompMode,
            MemlockLimitBytes = SystemInfo.MemlockLimitBytes,
            TotalMemoryBytes = SystemInfo.TotalMemoryBytes,
            AvailableMemoryBytes = SystemInfo.AvailableMemoryBytes,
            MemoryLimitBytes = limited ? limit : null,
            MemoryLimitSource = source,
            SwapTotalBytes = SystemInfo.SwapTotalBytes,
            OvercommitMode = ReadOvercommitMode(),
            DeviceFolder = DeviceFolderFacts.Read(deviceFolder),
        };
    }

    private static int ReadOvercommitMode()
    {
        const string Setting = "/proc/sys/vm/overcommit_memory";
        // Absent in some sandboxes; 0 is the kernel's default.
        return File.Exists(Setting) && int.TryParse(File.ReadAllText(Setting), out var mode) ? mode : 0;
    }
}
