// SPDX-License-Identifier: MIT
using Hmm.Uapi;

namespace Hmm.Linux;

// Where the disk of a file is in the machine, as sysfs has it. Nothing here fails: what the kernel does not tell is one
// step away.
internal static class DiskLocation
{
    private const string SysDevices = "/sys/devices/";

    // What sysfs says nothing about: an overlay, a network file system, a disk hidden from this container.
    private const string Unknown = "disk";

    // dm on md on a partition: deeper stacks are not followed.
    private const int StackMax = 8;

    // The path of what stands between DRAM and the disk, outermost first; empty for a file system in DRAM.
    internal static string Of(in FileStatus status)
    {
        var device = status.IsBlockDevice
            ? status.Device
            : (status.Identity.Major, status.Identity.Minor);
        if (device.Major == 0 && !TryFindSource(device.Minor, out device, out var inDram))
        {
            return inDram ? string.Empty : Unknown;
        }

        var path = Resolve($"/sys/dev/block/{device.Major}:{device.Minor}");
        for (var depth = 0; path is not null && depth < StackMax && TryFindOnlySlave(path, out var slave); depth++)
        {
            path = Resolve(slave);
        }

        return path is null ? Unknown : Strip(path);
    }

    // "/sys/devices/pci0000:00/0000:00:02.0/virtio1/block/vda/vda1" as "pci0000:00/0000:00:02.0/virtio1".
    internal static string Strip(string path)
    {
        var end = path.IndexOf("/block/", StringComparison.Ordinal);
        var start = path.StartsWith(SysDevices, StringComparison.Ordinal) ? SysDevices.Length : 0;
        return end > start ? path[start..end] : Unknown;
    }

    // A file system without a block device of its own names one as its source, or lives in DRAM.
    internal static bool TryReadSource(string mountInfo, uint minor, out string source, out bool inDram)
    {
        foreach (var line in mountInfo.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // "26 1 0:24 / /data rw,relatime - btrfs /dev/vdb rw": fields before the dash vary in number.
            var halves = line.Split(" - ", 2);
            var fields = halves[0].Split(' ');
            if (halves.Length == 2 && fields.Length > 2 && fields[2] == $"0:{minor}")
            {
                var typeAndSource = halves[1].Split(' ');
                inDram = typeAndSource[0] is "tmpfs" or "ramfs";
                source = typeAndSource.Length > 1 ? typeAndSource[1] : string.Empty;
                return source.StartsWith("/dev/", StringComparison.Ordinal);
            }
        }

        (source, inDram) = (string.Empty, false);
        return false;
    }

    private static bool TryFindSource(uint minor, out (uint Major, uint Minor) device, out bool inDram)
    {
        device = default;
        if (TryReadSource(File.ReadAllText("/proc/self/mountinfo"), minor, out var source, out inDram)
            && Resolve(source) is { } path
            && FileStatus.TryOf(path, out var status) == Errno.None && status.IsBlockDevice)
        {
            device = status.Device;
            return true;
        }

        return false;
    }

    // A disk that stands on one other, such as an encrypted one, is where that is.
    private static bool TryFindOnlySlave(string path, out string slave)
    {
        slave = string.Empty;
        var folder = Path.Combine(path, "slaves");
        if (!Directory.Exists(folder))
        {
            return false;
        }

        var slaves = Directory.GetFileSystemEntries(folder);
        slave = slaves.Length == 1 ? slaves[0] : string.Empty;
        return slaves.Length == 1;
    }

    private static string? Resolve(string path)
    {
        try
        {
            var target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
            return Path.Exists(target) ? target : null;
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}
