// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Linux.Tests.Support;

// Each need is probed by doing it, once.
internal static class Needs
{
    private static readonly Lazy<string?> s_userfaultFd = new(static () => Probe(UserfaultFdMode.UserModeOnly));
    private static readonly Lazy<string?> s_fullUserfaultFd = new(static () => Probe(UserfaultFdMode.Syscall));
    private static readonly Lazy<string?> s_poison = new(ProbePoison);
    private static readonly Lazy<string?> s_mount = new(ProbeMount);
    private static readonly Lazy<string?> s_directIo = new(ProbeDirectIo);

    private static readonly Lazy<string?> s_ring = new(ProbeRing);
    private static readonly Lazy<string?> s_loop = new(ProbeLoop);

    internal static string? MissingBecause(Need need) => need switch
    {
        Need.UserfaultFd => s_userfaultFd.Value,
        Need.FullUserfaultFd => s_fullUserfaultFd.Value,
        Need.Poison => s_fullUserfaultFd.Value ?? s_poison.Value,
        Need.Mount => s_mount.Value,
        Need.DirectIo => s_directIo.Value,
        Need.Ring => s_ring.Value,
        Need.Loop => s_loop.Value,
        _ => throw new ArgumentOutOfRangeException(nameof(need)),
    };

    private static string? Probe(UserfaultFdMode worst)
    {
        var probes = UserfaultFd.Probe();
        return probes.Any(probe => probe.Available && probe.Mode <= worst)
            ? null
            : string.Join(' ', probes.Select(static probe => probe.Explanation));
    }

    private static string? ProbePoison()
    {
        using var range = new FaultRange(pages: 1);
        var error = range.Faults.Poison(range.Address, FaultRange.PageSizeBytes);
        return error == Errno.None ? null : $"UFFDIO_POISON failed: {error}.";
    }

    private static string? ProbeMount()
    {
        try
        {
            using var mounted = new MountedFolder("tmpfs", "size=64k");
            return null;
        }
        catch (InvalidOperationException refused)
        {
            return refused.Message;
        }
    }

    private static string? ProbeDirectIo()
    {
        using var folder = new TemporaryFolder();
        using var file = FileIo.CreateScratch(folder.Path, 4096, workers: 1);
        return file.Mode == FileIoMode.Direct ? null : $"The file system of {folder.Path} has no O_DIRECT.";
    }

    private static string? ProbeRing()
    {
        using var folder = new TemporaryFolder();
        using var file = FileIo.CreateScratch(folder.Path, 4096, workers: 1, ring: true);
        return file.HasRing ? null : file.WhyNoRing;
    }

    private static string? ProbeLoop()
    {
        try
        {
            using var device = new LoopDevice(1 << 20);
            return null;
        }
        catch (InvalidOperationException refused)
        {
            return refused.Message;
        }
    }
}
