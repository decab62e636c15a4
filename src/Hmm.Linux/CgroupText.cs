// SPDX-License-Identifier: MIT
using System.Globalization;

namespace Hmm.Linux;

// Where a process's cgroup memory limits are, from /proc/self/cgroup and /proc/self/mountinfo.
// Pure: tests feed samples. Version 1 and version 2 may both be mounted; the memory controller is
// in one of them, and the other's files do not exist, so both are named and the reader skips what
// is missing.
internal static class CgroupText
{
    // Version 1 says "no limit" by the largest whole number of pages below 2^63; anything near it
    // is none.
    private const ulong Version1NoLimit = 1UL << 62;

    private readonly record struct Mount(string Root, string Point);

    // The limit files of the process's cgroup and of each above it up to the mount, nearest first.
    internal static IReadOnlyList<string> LimitFiles(string cgroup, string mountInfo)
    {
        var files = new List<string>();
        foreach (var line in cgroup.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // "hierarchy:controllers:path"; version 2 has hierarchy 0 and no controllers.
            var fields = line.Split(':', 3);
            if (fields.Length != 3)
            {
                continue;
            }

            var version2 = fields[0] == "0" && fields[1].Length == 0;
            if (version2 && TryFindMount(mountInfo, "cgroup2", option: null, out var mount))
            {
                AddUpwards(files, mount, fields[2], "memory.max");
            }
            else if (fields[1].Split(',').Contains("memory") && TryFindMount(mountInfo, "cgroup", "memory", out mount))
            {
                AddUpwards(files, mount, fields[2], "memory.limit_in_bytes");
            }
        }

        return files;
    }

    internal static bool TryParseLimit(string text, out ulong bytes)
        => ulong.TryParse(text.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out bytes)
            && bytes < Version1NoLimit;

    // proc_pid_mountinfo(5): "36 35 98:0 /root /point options... - type source super-options"
    private static bool TryFindMount(string mountInfo, string type, string? option, out Mount mount)
    {
        foreach (var line in mountInfo.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var halves = line.Split(" - ", 2);
            if (halves.Length != 2)
            {
                continue;
            }

            var fields = halves[0].Split(' ');
            var tail = halves[1].Split(' ');
            var complete = fields.Length >= 5 && tail.Length >= 3;
            if (complete && tail[0] == type && (option is null || tail[2].Split(',').Contains(option)))
            {
                mount = new Mount(Unescape(fields[3]), Unescape(fields[4]));
                return true;
            }
        }

        mount = default;
        return false;
    }

    private static void AddUpwards(List<string> files, Mount mount, string path, string file)
    {
        // In a container the mount may show only a part of the tree: the path is cut by that part.
        // A path outside of it ("/../other") belongs to nothing that can be read; then the mount's
        // own limit is the best known.
        var root = mount.Root.TrimEnd('/');
        var inside = root.Length == 0 || path == root || path.StartsWith(root + "/", StringComparison.Ordinal);
        var below = inside && !path.Contains("/..", StringComparison.Ordinal) ? path[root.Length..].Trim('/') : "";
        while (below.Length > 0)
        {
            files.Add($"{mount.Point}/{below}/{file}");
            below = below[..Math.Max(0, below.LastIndexOf('/'))];
        }

        files.Add($"{mount.Point}/{file}");
    }

    // A blank, tab, newline and backslash in a path are written as \040, \011, \012 and \134.
    private static string Unescape(string field) => field
        .Replace("\\040", " ", StringComparison.Ordinal)
        .Replace("\\011", "\t", StringComparison.Ordinal)
        .Replace("\\012", "\n", StringComparison.Ordinal)
        .Replace("\\134", "\\", StringComparison.Ordinal);
}
