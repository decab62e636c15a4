// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Modules.Block;

namespace Hmm.Benchmarks.Block;

/// <summary>
/// The block device against fio: the same file, sizes and depth, in turns in the same minute. Ours sums every page
/// (CRC32C), and checks the sum of every page that it reads.
/// </summary>
internal static class FioComparison
{
    private const int Rounds = 3;
    private const double RatioMin = 0.85;

    // Beyond what a disk's cache holds, and quickly written.
    private const ulong SizeBytes = 1UL << 30;

    private static readonly BlockCase[] s_cases =
    [
        new("write", Random: false, Write: true, Pages: 64, Depth: 8),
        new("read", Random: false, Write: false, Pages: 64, Depth: 8),
        new("randread", Random: true, Write: false, Pages: 1, Depth: 1),
        new("randread", Random: true, Write: false, Pages: 1, Depth: 32),
    ];

    /// <summary>Measures and prints; 0 if every ratio is reached, 1 if not, 69 without fio.</summary>
    public static int Run(string[] args)
    {
        if (!Fio.IsInstalled)
        {
            Console.Error.WriteLine("fio is not installed; apt-get install fio");
            return 69;
        }

        var encrypt = args.Contains("--encrypt");
        var folder = args.FirstOrDefault(static arg => !arg.StartsWith('-')) ?? Path.GetTempPath();
        var path = Path.Combine(folder, $"hmm-fio-{Environment.ProcessId}");
        var ours = new double[s_cases.Length];
        var fio = new double[s_cases.Length];
        var ratios = new double[s_cases.Length][];
        try
        {
            File.WriteAllBytes(path, []);
            using var device = new BlockRun(path, SizeBytes, encrypt);
            Console.WriteLine($"{device.Description}; fio {Fio.Version}; {Environment.ProcessorCount} processors");

            // The file's blocks are there before anything is measured, as they are on a device that has run a while.
            Fio.Run(path, device.FileBytes, s_cases[0], seconds: 0);
            for (var i = 0; i < s_cases.Length; i++)
            {
                ratios[i] = new double[Rounds];
            }

            for (var round = 0; round < Rounds; round++)
            {
                for (var i = 0; i < s_cases.Length; i++)
                {
                    ours[i] = device.Run(s_cases[i]);
                    ratios[i][round] = ours[i];
                }

                // What fio writes is not ours any more, so it comes last of all.
                for (var i = s_cases.Length - 1; i >= 0; i--)
                {
                    fio[i] = Fio.Run(path, device.FileBytes, s_cases[i], seconds: 3);
                    ratios[i][round] /= fio[i];
                }

                device.Forget();
                Print(round, ours, fio, ratios);
            }
        }
        finally
        {
            File.Delete(path);
        }

        var bad = 0;
        for (var i = 0; i < s_cases.Length; i++)
        {
            Array.Sort(ratios[i]);
            var median = ratios[i][Rounds / 2];
            bad += median < RatioMin ? 1 : 0;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{s_cases[i]}: median ratio {median:F2} (at least {RatioMin:F2})"));
        }

        return bad == 0 ? 0 : 1;
    }

    private static string Rate(double transfers, int what) => string.Create(
        CultureInfo.InvariantCulture, $"{transfers,8:F0}/s {transfers * s_cases[what].Pages / 256,6:F0} MiB/s");

    private static void Print(int round, double[] ours, double[] fio, double[][] ratios)
    {
        for (var i = 0; i < s_cases.Length; i++)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"round {round}  {s_cases[i],-28} ours {Rate(ours[i], i)}  fio {Rate(fio[i], i)}  "
                    + $"ratio {ratios[i][round]:F2}"));
        }
    }
}
