// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// What the system offers and allows: pure reads of <c>/proc</c>, <c>/sys</c> and limits, each
/// taken anew at every call.
/// </summary>
/// <remarks>Thread-safety: every member may be called from several threads at once.</remarks>
public static class SystemInfo
{
    private const int CapSysPtrace = 19; // include/uapi/linux/capability.h

    /// <summary>The kernel's release, such as "6.18.44".</summary>
    public static string KernelRelease => ReadText("/proc/sys/kernel/osrelease").Trim();

    /// <summary>
    /// The size of the processor's pages: 4096 on x64, up to 65536 on some arm64 systems.
    /// </summary>
    public static int PageSizeBytes => Environment.SystemPageSize;

    /// <summary>
    /// How many processors this process may use, as the runtime counts them (affinity and cgroup
    /// included).
    /// </summary>
    public static int ProcessorCount => Environment.ProcessorCount;

    /// <summary>
    /// The numbers of the processors that this process may run on (affinity and cpuset), in order; a quota does not
    /// show in them.
    /// </summary>
    public static IReadOnlyList<int> Processors =>
        ProcText.NumbersOf(ReadText("/proc/self/status"), "Cpus_allowed_list");

    /// <summary>The effective user.</summary>
    public static uint UserId
    {
        get
        {
            Platform.Require();
            return LibC.geteuid();
        }
    }

    /// <summary>DRAM of the machine, in bytes (MemTotal).</summary>
    public static ulong TotalMemoryBytes => ProcText.KibibytesOf(ReadText("/proc/meminfo"), "MemTotal");

    /// <summary>
    /// DRAM that could be had without pushing anything else out, in bytes (MemAvailable).
    /// </summary>
    public static ulong AvailableMemoryBytes => ProcText.KibibytesOf(ReadText("/proc/meminfo"), "MemAvailable");

    /// <summary>
    /// Swap space, in bytes; 0 is the best for Hmm.NET, which then owns all paging of its ranges.
    /// </summary>
    public static ulong SwapTotalBytes => ProcText.KibibytesOf(ReadText("/proc/meminfo"), "SwapTotal");

    /// <summary>
    /// How much memory this process may lock, in bytes; <see cref="ulong.MaxValue"/> for no limit.
    /// </summary>
    /// <exception cref="Hmm.Uapi.HmmException">The system's error.</exception>
    public static ulong MemlockLimitBytes => LimitOf(LibC.RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK");

    /// <summary>
    /// How many descriptors this process may have open; their numbers are below it. The runtime raises it to what the
    /// system allows when it starts.
    /// </summary>
    /// <exception cref="Hmm.Uapi.HmmException">The system's error.</exception>
    public static ulong DescriptorsMax => LimitOf(LibC.RLIMIT_NOFILE, "RLIMIT_NOFILE");

    /// <summary>Whether system calls of this process are filtered.</summary>
    public static SeccompMode SeccompMode => (SeccompMode)ProcText.NumberOf(ReadText("/proc/self/status"), "Seccomp");

    /// <summary>
    /// What <c>kernel.io_uring_disabled</c> says: "0" for everyone, "1" for a group, "2" for nobody; empty before Linux
    /// 6.6.
    /// </summary>
    public static string IoUringDisabled => ReadText("/proc/sys/kernel/io_uring_disabled").Trim();

    /// <summary>
    /// Whether everyone may use the userfaultfd call (<c>vm.unprivileged_userfaultfd</c> is 1).
    /// </summary>
    public static bool UnprivilegedUserfaultFd => ReadText("/proc/sys/vm/unprivileged_userfaultfd").Trim() == "1";

    /// <summary>
    /// Whether this process has CAP_SYS_PTRACE, which allows the userfaultfd call.
    /// </summary>
    public static bool HasCapSysPtrace => ProcText.HasCapability(ReadText("/proc/self/status"), CapSysPtrace);

    /// <summary>
    /// The memory limit of this process's cgroup, or of the closest-fitting one above it; versions
    /// 1 and 2.
    /// </summary>
    /// <param name="bytes">The limit; <see cref="ulong.MaxValue"/> when there is none.</param>
    /// <param name="source">The file that says so; empty when there is none.</param>
    /// <returns>False when there is no limit.</returns>
    public static bool TryGetMemoryLimit(out ulong bytes, out string source)
    {
        bytes = ulong.MaxValue;
        source = "";
        foreach (var file in CgroupText.LimitFiles(ReadText("/proc/self/cgroup"), ReadText("/proc/self/mountinfo")))
        {
            // Every ancestor's limit holds too, so the smallest counts.
            if (CgroupText.TryParseLimit(ReadText(file), out var limit) && limit < bytes)
            {
                bytes = limit;
                source = file;
            }
        }

        return source.Length > 0;
    }

    /// <summary>Room on the file system of a folder for this user, in bytes.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="Hmm.Uapi.HmmException">
    /// ENOENT, EACCES: it does not exist or may not be looked at.
    /// </exception>
    public static unsafe ulong FreeSpaceBytes(string folder)
    {
        Platform.Require();
        ArgumentException.ThrowIfNullOrEmpty(folder);
        statvfs_buffer buffer;

        // Safe because the buffer has the size of the C library's structure and outlives the call.
        var result = LibC.statvfs(folder, &buffer);
        var error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(error, "statvfs", $"\"{folder}\"");
        }

        return buffer.f_bavail * buffer.f_frsize;
    }

    // How often the processor of the calling thread was given to another thread of this system before it slept. What a
    // hypervisor takes is not counted.
    internal static unsafe long PreemptionsOfThisThread
    {
        get
        {
            rusage usage;

            // Safe because the structure is a local, with room for what any C library writes, that outlives the call.
            var result = LibC.getrusage(LibC.RUSAGE_THREAD, &usage);
            var error = LinuxError.Last();
            if (result < 0)
            {
                LinuxError.Throw(error, "getrusage", "RUSAGE_THREAD");
            }

            return usage.ru_nivcsw;
        }
    }

    private static unsafe ulong LimitOf(int resource, string name)
    {
        Platform.Require();
        rlimit limit;

        // Safe because the structure is a blittable local that outlives the call.
        var result = LibC.getrlimit(resource, &limit);
        var error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(error, "getrlimit", name);
        }

        return limit.rlim_cur;
    }

    /// <summary>Whether a descriptor is of a regular file; false for one that is closed.</summary>
    public static bool IsRegularFile(SafeHandle file) =>
        FileStatus.TryOf(file, out var status) == Errno.None && status.IsRegularFile;

    // Empty where the file is not there: an older kernel, another cgroup version, a sandbox.
    // Parsers take that as unknown.
    internal static string ReadText(string path)
    {
        Platform.Require();
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
