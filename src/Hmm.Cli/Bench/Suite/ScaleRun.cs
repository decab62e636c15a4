// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Globalization;
using Hmm.Cli.Bench.Comparing;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Cli.Bench.Suite;

/// <summary>
/// Whether a fault costs the same from one range to 10,000, from 1 GiB to 16 TiB, from one session to 1,000 and from
/// one device to 8; and whether it does for the C program of <c>bench/floor</c>, whose pages lie as ours do. All points
/// of an axis in turns, so that a slow moment meets all of them.
/// </summary>
internal sealed class ScaleRun(int rounds, FloorPrograms floor, Action<string> show)
{
    private const int Touches = 20_000;
    private const double FlatMost = 1.2;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private readonly List<ScalePoint> _points = []; // owner thread

    /// <summary>The median point of each value.</summary>
    internal IReadOnlyList<ScalePoint> Points => _points;

    /// <summary>Whether the dearest point of an axis costs at most a fifth more than its cheapest.</summary>
    internal static bool IsFlat(IEnumerable<ScalePoint> axis)
    {
        var costs = Spread.Of(axis.Select(point => point.FaultP50Us));
        return costs.Max <= costs.Min * FlatMost;
    }

    internal async Task RunAsync(CancellationToken cancellation)
    {
        await RunAxisAsync(
            "ranges",
            [1, 10, 100, 1000, RangesMost],
            n => $"{n:N0}",
            n => ScaleSetting.WithRanges((int)n),
            Number,
            cancellation).ConfigureAwait(false);
        await RunAxisAsync(
            "bytes of one range",
            [1L << 30, 1L << 34, 1L << 38, 1L << 42, 1L << 44],
            n => ByteSize.Format(n),
            ScaleSetting.WithLength,
            n => ["1", .. Number(n >> 30)],
            cancellation).ConfigureAwait(false);
        await RunAxisAsync(
            "devices",
            [1, 2, 4, 8],
            n => $"{n}",
            n => ScaleSetting.WithDevices((int)n),
            static _ => ["1"],
            cancellation).ConfigureAwait(false);

        using var folder = new TemporarySocket();
        using var daemon = StartDaemon(folder.Path);
        try
        {
            await WaitUntilItListensAsync(folder.Path, cancellation).ConfigureAwait(false);
            await RunAxisAsync(
                "sessions",
                [1, 10, 100, 1000],
                n => $"{n:N0}",
                n => ScaleSetting.WithSessions((int)n, folder.Path),
                Number,
                cancellation).ConfigureAwait(false);
        }
        finally
        {
            daemon.Kill();
            await daemon.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    // A range takes two descriptors of the host, which needs some for itself; 10,000 where that many may be open.
    private static long RangesMost => Math.Min(10_000, ((long)SystemInfo.DescriptorsMax - 250) / 2);

    private static string[] Number(long value) => [value.ToString(CultureInfo.InvariantCulture)];

    private async Task RunAxisAsync(
        string axis,
        long[] values,
        Func<long, string> label,
        Func<long, ScaleSetting> open,
        Func<long, string[]> floorArguments,
        CancellationToken cancellation)
    {
        var all = values.ToDictionary(value => value, _ => new List<ScalePoint>());
        for (var round = 0; round < rounds; round++)
        {
            foreach (var value in values)
            {
                var floorP50 = await FloorAsync(floorArguments(value), cancellation).ConfigureAwait(false);
                using var setting = open(value);
                var (p50, hostMiB) = Measure(setting);
                all[value].Add(new ScalePoint(axis, value, label(value), p50, hostMiB, floorP50));
            }
        }

        foreach (var value in values)
        {
            var point = MedianOf(all[value]);
            _points.Add(point);
            show(Text($"{axis} {point.Label}: fault p50 {point.FaultP50Us:F2} us, host {point.HostMiB:F0} MiB")
                + (point.FloorP50Us is { } us ? Text($", C floor {us:F2} us") : ""));
        }
    }

    private static ScalePoint MedianOf(List<ScalePoint> points) => points[0] with
    {
        FaultP50Us = Spread.Of(points.Select(static point => point.FaultP50Us)).Median,
        HostMiB = Spread.Of(points.Select(static point => point.HostMiB)).Median,
        FloorP50Us = points[0].FloorP50Us is null
            ? null
            : Spread.Of(points.Select(static point => point.FloorP50Us!.Value)).Median,
    };

    private async Task<double?> FloorAsync(string[] arguments, CancellationToken cancellation)
    {
        if (!floor.Exist)
        {
            return null;
        }

        using var result = await floor.RunAsync("pager", arguments, cpu: null, cancellation).ConfigureAwait(false);
        return result.RootElement.GetProperty("p50_us").GetDouble();
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static unsafe (double FaultP50Us, double HostMiB) Measure(ScaleSetting setting)
    {
        var addresses = setting.Addresses;
        for (var i = 0; i < addresses.Count; i++)
        {
            // Safe because each is the address of a page of a range that the setting holds.
            *(ulong*)addresses[i] = PageWriter.TagOf(i);
        }

        var latencies = new LatencyHistogram();
        var state = 1UL;
        for (var i = 0; i < Touches; i++)
        {
            var page = (int)Draw.Below(Draw.Next(ref state), addresses.Count);
            var before = Stopwatch.GetTimestamp();
            var tag = Volatile.Read(ref *(ulong*)addresses[page]);
            latencies.Add(Stopwatch.GetTimestamp() - before);
            if (tag != PageWriter.TagOf(page))
            {
                throw new CommandException(ExitCode.Wrong, "a value was wrong; this is a defect, please report it");
            }
        }

        return (latencies.SlowQuantileNs(0.5) / 1000, ResidentMiB(setting.HostProcessId));
    }

    private static double ResidentMiB(int processId)
    {
        const string Key = "VmRSS:";
        var line = File.ReadLines($"/proc/{processId}/status")
            .First(line => line.StartsWith(Key, StringComparison.Ordinal));
        var kibibytes = line[Key.Length..].Replace("kB", "", StringComparison.Ordinal);
        return double.Parse(kibibytes, CultureInfo.InvariantCulture) / 1024;
    }

    private static Process StartDaemon(string socketPath) => Process.Start(
        BenchProcess.DotnetPath(),
        [
            "exec", typeof(ScaleRun).Assembly.Location, "host", "--socket", socketPath,
            "--budget", ScaleSetting.BudgetBytes.ToString(CultureInfo.InvariantCulture),
            "--device", ScaleSetting.DeviceText(devices: 1),
        ]);

    private static async Task WaitUntilItListensAsync(string socketPath, CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                HmmHost.Connect(socketPath).Dispose();
                return;
            }
            catch (HmmException) when (Stopwatch.GetElapsedTime(begun) < StartLimit)
            {
                await Task.Delay(20, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A folder that only this user may enter, for a socket.</summary>
    private sealed class TemporarySocket : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hmm-bench-"); // immutable

        internal string Path => System.IO.Path.Combine(_folder.FullName, "host.sock");

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
