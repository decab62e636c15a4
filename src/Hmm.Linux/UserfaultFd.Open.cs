// SPDX-License-Identifier: MIT
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <content>
/// Opening: three ways, tried in order, each by doing it. Features are asked for by a handshake
/// that a descriptor allows only once, so one descriptor is spent on asking what the kernel has,
/// and the next asks for what we want.
/// </content>
public sealed unsafe partial class UserfaultFd
{
    private const string DevicePath = "/dev/userfaultfd";
    private const string UdevRule = "KERNEL==\"userfaultfd\", GROUP=\"hmm\", MODE=\"0660\"";

    // Without these there is no Hmm.NET: missing and write-protect faults on shared memory (Linux
    // 5.19).
    private const ulong FeaturesNeeded = LibC.UFFD_FEATURE_PAGEFAULT_FLAG_WP
        | LibC.UFFD_FEATURE_MISSING_SHMEM
        | LibC.UFFD_FEATURE_WP_HUGETLBFS_SHMEM;

    // Taken where offered. No event feature (fork, remap, remove, unmap) is ever among them: with
    // those on, COPY fails with EAGAIN while the application changes its mappings.
    private const ulong FeaturesWanted = LibC.UFFD_FEATURE_THREAD_ID
        | LibC.UFFD_FEATURE_WP_UNPOPULATED
        | LibC.UFFD_FEATURE_POISON;

    private static readonly UserfaultFdMode[] s_ladder =
        [UserfaultFdMode.DeviceNode, UserfaultFdMode.Syscall, UserfaultFdMode.UserModeOnly];

    /// <summary>
    /// Opens a userfaultfd by the best way that works: <c>/dev/userfaultfd</c>, the system call,
    /// the system call for user-mode faults only. Close-on-exec, non-blocking.
    /// </summary>
    /// <exception cref="HmmException">
    /// None works; the message says why for each, and what to do.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static UserfaultFd Open()
    {
        Platform.Require();
        var failures = new List<UserfaultFdProbe>();
        foreach (var mode in s_ladder)
        {
            var opened = TryOpen(mode, out var probe);
            if (opened is not null)
            {
                return opened;
            }

            failures.Add(probe);
        }

        var reasons = string.Join(' ', failures.Select(static failure => failure.Explanation));
        throw new HmmException(
            failures[^1].Error, $"No userfaultfd can be opened, and nothing works without one. {reasons}");
    }

    /// <summary>
    /// Takes over a userfaultfd that another process opened and sent; makes it non-blocking. On an
    /// exception the descriptor is closed.
    /// </summary>
    /// <param name="descriptor">The descriptor, owned by the result from here on.</param>
    /// <exception cref="HmmException">
    /// EINVAL: it is something else. EBADF: it is closed.
    /// </exception>
    public static UserfaultFd Adopt(int descriptor)
    {
        Platform.Require();
        var adopted = new UserfaultFd(descriptor, UserfaultFdMode.Syscall);
        try
        {
            // The sender is not trusted: a read of, say, a pipe or a file on its own file system
            // could hang the caller.
            var kind = DescriptorKind(descriptor);
            if (kind != "anon_inode:[userfaultfd]")
            {
                throw new HmmException(
                    Errno.EINVAL, $"Descriptor {descriptor} is not a userfaultfd but \"{kind}\"; send a userfaultfd.");
            }

            var flags = LibC.fcntl(adopted, LibC.F_GETFL, 0);
            var error = LinuxError.Last();
            if (flags >= 0)
            {
                flags = LibC.fcntl(adopted, LibC.F_SETFL, flags | LibC.O_NONBLOCK);
                error = LinuxError.Last();
            }

            if (flags < 0)
            {
                LinuxError.Throw(error, "fcntl", $"{descriptor}, F_SETFL, O_NONBLOCK");
            }

            return adopted;
        }
        catch
        {
            adopted.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Tries every way to a userfaultfd, best first, and says what each gives or what it lacks.
    /// </summary>
    /// <returns>One entry a <see cref="UserfaultFdMode"/>, in their order.</returns>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static IReadOnlyList<UserfaultFdProbe> Probe()
    {
        Platform.Require();
        var probes = new UserfaultFdProbe[s_ladder.Length];
        for (var i = 0; i < probes.Length; i++)
        {
            TryOpen(s_ladder[i], out probes[i])?.Dispose();
        }

        return probes;
    }

    // How a refusal at one rung reads. Pure, so that a test can see sentences that this machine
    // does not produce.
    internal static string Explain(UserfaultFdMode mode, Errno error) => (mode, error) switch
    {
        (UserfaultFdMode.DeviceNode, Errno.None) =>
            DevicePath + " works: faults of the program and of its system calls are served.",
        (UserfaultFdMode.Syscall, Errno.None) =>
            "The userfaultfd call works: faults of the program and of its system calls are served.",
        (UserfaultFdMode.UserModeOnly, Errno.None) =>
            "The userfaultfd call works for user-mode faults only: a system call that touches an absent page fails "
            + $"with EFAULT. For all faults, let your group open {DevicePath} (udev rule: {UdevRule}).",
        (UserfaultFdMode.DeviceNode, Errno.ENOENT) =>
            DevicePath + " does not exist: use Linux 6.1 or newer with CONFIG_USERFAULTFD, and in a container pass the "
            + $"device in (--device {DevicePath}).",
        (UserfaultFdMode.DeviceNode, Errno.EACCES or Errno.EPERM) =>
            DevicePath + $" may not be opened by this user: give a group access with a udev rule ({UdevRule}) and join "
            + "it; in a container allow the device as well.",
        (UserfaultFdMode.Syscall, Errno.EPERM or Errno.EACCES) =>
            "The userfaultfd call is not permitted: vm.unprivileged_userfaultfd is 0 and the process lacks "
            + "CAP_SYS_PTRACE, or a seccomp filter forbids the call (containers often do); give a group access to "
            + $"{DevicePath} with a udev rule ({UdevRule}), or set vm.unprivileged_userfaultfd=1, or grant "
            + "CAP_SYS_PTRACE, or allow the call in the seccomp profile.",
        (UserfaultFdMode.UserModeOnly, Errno.EPERM or Errno.EACCES) =>
            "The userfaultfd call is not permitted even for user-mode faults: a seccomp filter forbids it (containers "
            + $"often do); allow the call in the seccomp profile, or give a group access to {DevicePath} with a udev "
            + $"rule ({UdevRule}).",
        (_, Errno.ENOSYS) =>
            "The kernel has no userfaultfd, or a seccomp filter hides it: use a kernel with CONFIG_USERFAULTFD, and "
            + "allow the call in the seccomp profile.",
        (UserfaultFdMode.UserModeOnly, Errno.EINVAL) =>
            "The kernel does not know UFFD_USER_MODE_ONLY: use Linux 5.11 or newer.",
        (_, Errno.EOPNOTSUPP) =>
            "The kernel's userfaultfd lacks write-protect faults on shared memory: use Linux 5.19 or newer, with "
            + "CONFIG_PTE_MARKER_UFFD_WP.",
        _ => LinuxError.Create(error, mode == UserfaultFdMode.DeviceNode ? "open" : "userfaultfd", DevicePath).Message,
    };

    internal static UserfaultFd? TryOpen(UserfaultFdMode mode, out UserfaultFdProbe probe)
    {
        var error = Errno.None;
        UserfaultFd? opened = null;
        if (TryAskFeatures(mode, ref error, out var offered))
        {
            if ((offered & FeaturesNeeded) != FeaturesNeeded)
            {
                error = Errno.EOPNOTSUPP;
            }
            else
            {
                opened = TryOpenWith(mode, FeaturesNeeded | (offered & FeaturesWanted), ref error, out _);
            }
        }

        probe = new UserfaultFdProbe(mode, opened is not null, error, Explain(mode, error));
        return opened;
    }

    private static bool TryAskFeatures(UserfaultFdMode mode, ref Errno error, out ulong offered)
    {
        using var asked = TryOpenWith(mode, features: 0, ref error, out offered);
        return asked is not null;
    }

    private static UserfaultFd? TryOpenWith(UserfaultFdMode mode, ulong features, ref Errno error, out ulong offered)
    {
        offered = 0;
        var descriptor = OpenDescriptor(mode, out error);
        if (descriptor < 0)
        {
            return null;
        }

        var opened = new UserfaultFd(descriptor, mode);
        var api = new uffdio_api { api = LibC.UFFD_API, features = features };

        // Safe because the structure is a blittable local that outlives the call.
        var result = LibC.ioctl(opened, LibC.UFFDIO_API, &api);
        error = LinuxError.Last();
        if (result < 0)
        {
            opened.Dispose();
            return null;
        }

        error = Errno.None;
        offered = api.features;
        return opened;
    }

    private static int OpenDescriptor(UserfaultFdMode mode, out Errno error)
    {
        const int Flags = LibC.O_CLOEXEC | LibC.O_NONBLOCK;
        long descriptor;
        if (mode != UserfaultFdMode.DeviceNode)
        {
            var userModeOnly = mode == UserfaultFdMode.UserModeOnly ? LibC.UFFD_USER_MODE_ONLY : 0;
            descriptor = LibC.syscall(LibC.SYS_userfaultfd, Flags | userModeOnly);
            error = LinuxError.Last();
            return (int)descriptor;
        }

        var node = LibC.open(DevicePath, LibC.O_RDWR | LibC.O_CLOEXEC, 0);
        error = LinuxError.Last();
        if (node < 0)
        {
            return node;
        }

        using var device = new Descriptor(node);
        descriptor = LibC.ioctl(device, LibC.USERFAULTFD_IOC_NEW, Flags);
        error = LinuxError.Last();
        return (int)descriptor;
    }

    private static string DescriptorKind(int descriptor)
        => new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget
            ?? throw LinuxError.Create(Errno.EBADF, "readlink", $"/proc/self/fd/{descriptor}");
}
