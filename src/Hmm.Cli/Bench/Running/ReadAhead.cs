// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;

namespace Hmm.Cli.Bench.Running;

/// <summary>
/// The kernel's readahead on the disk that a folder is on. It decides what a mapping without advice costs, so every
/// result names it.
/// </summary>
internal sealed class ReadAhead : IDisposable
{
    private readonly string _file; // immutable
    private readonly long _before; // immutable

    private ReadAhead(string file)
    {
        _file = file;
        _before = KibibytesOf(file);
    }

    /// <summary>In KiB; 0 where the folder is on no block device.</summary>
    internal static long Kibibytes(string folder) => FileOf(folder) is { } file ? KibibytesOf(file) : 0;

    /// <summary>Sets it until the result is disposed.</summary>
    /// <exception cref="CommandException">It cannot be set; the sentence says why.</exception>
    internal static ReadAhead Set(string folder, long kibibytes)
    {
        var file = FileOf(folder)
            ?? throw new CommandException(
                ExitCode.Unsupported, $"{folder} is on no block device, so there is no readahead to set");
        var result = new ReadAhead(file);
        result.Write(kibibytes);
        return result;
    }

    /// <inheritdoc/>
    public void Dispose() => Write(_before);

    private void Write(long kibibytes)
    {
        try
        {
            File.WriteAllText(_file, kibibytes.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(
                ExitCode.Unsupported,
                $"{_file} cannot be set: {exception.Message.TrimEnd('.')}; run as root, or leave out --read-ahead",
                exception);
        }
    }

    private static long KibibytesOf(string file) =>
        long.Parse(File.ReadAllText(file).Trim(), CultureInfo.InvariantCulture);

    private static string? FileOf(string folder)
    {
        // proc_pid_mountinfo(5): "36 35 98:0 /root /point options..."; the longest mount point that contains it.
        var full = Path.GetFullPath(folder).TrimEnd('/') + "/";
        var device = "";
        var longest = -1;
        foreach (var line in File.ReadLines("/proc/self/mountinfo"))
        {
            var fields = line.Split(' ');
            var point = fields[4].TrimEnd('/') + "/";
            if (point.Length >= longest && full.StartsWith(point, StringComparison.Ordinal))
            {
                longest = point.Length;
                device = fields[2];
            }
        }

        // A partition has its disk's queue.
        string[] places = [$"/sys/dev/block/{device}/queue", $"/sys/dev/block/{device}/../queue"];
        return Array.Find(places, Directory.Exists) is { } queue ? Path.Combine(queue, "read_ahead_kb") : null;
    }
}
