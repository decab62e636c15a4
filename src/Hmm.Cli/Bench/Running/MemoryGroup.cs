// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;

namespace Hmm.Cli.Bench.Running;

/// <summary>
/// A cgroup with a memory limit, below this process's own: version 1 or 2. Whoever creates it starts processes in it,
/// and removes it by disposing.
/// </summary>
internal sealed class MemoryGroup : IDisposable
{
    private readonly bool _version2; // immutable

    private MemoryGroup(string path, bool version2)
    {
        Path = path;
        _version2 = version2;
    }

    /// <summary>Its folder.</summary>
    internal string Path { get; }

    /// <summary>The most it ever held, in bytes; 0 where the kernel does not say (before 5.19, version 2).</summary>
    internal long PeakBytes => ReadNumber(_version2 ? "memory.peak" : "memory.max_usage_in_bytes");

    /// <summary>What its processes hold besides pages of files, in bytes: their own memory.</summary>
    internal long OwnBytes
    {
        get
        {
            var key = _version2 ? "anon " : "rss ";
            var line = File.ReadLines(System.IO.Path.Combine(Path, "memory.stat"))
                .FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.AsSpan(key.Length), CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Creates one.</summary>
    /// <exception cref="CommandException">There cannot be one here; the sentence says why.</exception>
    internal static MemoryGroup Create(string name)
    {
        var (parent, version2) = Find();
        var path = System.IO.Path.Combine(parent, name);
        try
        {
            if (version2)
            {
                EnableController(parent);
            }

            Directory.CreateDirectory(path);
            var group = new MemoryGroup(path, version2);
            if (!File.Exists(System.IO.Path.Combine(path, group.LimitFile)))
            {
                group.Dispose();
                throw Refused($"{parent} gives its groups no memory controller");
            }

            return group;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Refused($"{path} cannot be created: {exception.Message.TrimEnd('.')}");
        }
    }

    /// <summary>Opens one that another process created.</summary>
    internal static MemoryGroup Open(string path) =>
        new(path, File.Exists(System.IO.Path.Combine(path, "memory.max")));

    /// <summary>Limits what its processes and their page cache may hold.</summary>
    internal void SetLimit(long bytes) =>
        File.WriteAllText(
            System.IO.Path.Combine(Path, LimitFile), (bytes & ~4095).ToString(CultureInfo.InvariantCulture));

    /// <summary>Removes it; its processes must have ended.</summary>
    public void Dispose()
    {
        try
        {
            // Page cache that is charged to it goes to its parent.
            Directory.Delete(Path);
        }
        catch (IOException)
        {
            // A process that was killed may still be leaving; an empty group costs nothing.
        }
    }

    private string LimitFile => _version2 ? "memory.max" : "memory.limit_in_bytes";

    private long ReadNumber(string file)
    {
        var path = System.IO.Path.Combine(Path, file);
        return File.Exists(path) ? long.Parse(File.ReadAllText(path).Trim(), CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>This process's own group in the hierarchy that has the memory controller.</summary>
    private static (string Path, bool Version2) Find()
    {
        var unified = "";
        foreach (var line in File.ReadLines("/proc/self/cgroup"))
        {
            // "hierarchy:controllers:path"; version 2 has hierarchy 0 and no controllers.
            var fields = line.Split(':', 3);
            if (fields.Length == 3 && fields[1].Split(',').Contains("memory"))
            {
                return (Existing("/sys/fs/cgroup/memory", fields[2]), false);
            }

            unified = fields is ["0", "", _] ? fields[2] : unified;
        }

        return unified.Length > 0
            ? (Existing("/sys/fs/cgroup", unified), true)
            : throw Refused("this process is in no cgroup that counts memory");
    }

    private static string Existing(string mount, string path)
    {
        // In a container the path may be that of the outside; its own root is then mounted.
        var full = mount + path.TrimEnd('/');
        return Directory.Exists(full) ? full
            : Directory.Exists(mount) ? mount
            : throw Refused($"{mount} is not mounted");
    }

    private static void EnableController(string parent)
    {
        var control = System.IO.Path.Combine(parent, "cgroup.subtree_control");
        if (File.Exists(control) && !File.ReadAllText(control).Split(' ', '\n').Contains("memory"))
        {
            // Version 2 wants processes in leaves only (EBUSY else), so this one goes into a leaf of its own first; the
            // last of these groups stays until its process ends.
            var leaf = Directory.CreateDirectory(System.IO.Path.Combine(parent, "hmm-bench-self")).FullName;
            File.WriteAllText(
                System.IO.Path.Combine(leaf, "cgroup.procs"),
                Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            File.WriteAllText(control, "+memory");
        }
    }

    private static CommandException Refused(string reason) => new(
        ExitCode.Unsupported,
        "an equal memory limit needs a cgroup of its own, and "
            + reason
            + "; run as root, or in a group that is delegated: systemd-run --user --scope -p Delegate=yes");
}
