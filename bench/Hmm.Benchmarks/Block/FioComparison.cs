// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Modules.Block;

namespace Hmm.Benchmarks.Block;

/// <summary>
/// The block device against fio: the same file, sizes and depth, in turns of a second, since a disk that others use too
/// can be twice as fast a moment later. Ours sums every page (CRC32C), and checks the sum of every page that it reads.
/// </summary>
internal static class FioComparison
{
    private const int Rounds = 9;
    private const double RatioMin = 0.85;

    // Beyond what a disk's cache holds, and quickly written.
    private const ulong SizeBytes = 1UL << 30;

    // The write last: what fio writes is not ours any more.
    private static readonly BlockCase[] s_cases =
    [
        new("read", Random: false, Write: false, Pages: 64, Depth: 8),
        new("randread", Random: true, Write: false, Pages: 1, Depth: 1),
        new("randread", Random: true, Write: false, Pages: 1, Depth: 32),
        new("write", Random: false, Write: true, Pages: 64, Depth: 8),
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
        try
        {
            File.WriteAllBytes(path, []);
            using var device = new BlockRun(path, SizeBytes, encrypt);
            Console.WriteLine($"{device.Description}; fio {Fio.Version}; {Environment.ProcessorCount} processors");
            device.Fill();
            return Array.ConvertAll(s_cases, what => Compare(device, what, path)).Min() >= RatioMin ? 0 : 1;
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>The median of the ratios of all rounds.</summary>
    private static double Compare(BlockRun device, BlockCase what, string path)
    {
        var ours = new double[Rounds];
        var fio = new double[Rounds];
        var ratios = new double[Rounds];
        device.Run(what); // the runtime compiles
        for (var round = 0; round < Rounds; round++)
        {
            ours[round] = device.Run(what);
            fio[round] = Fio.Run(path, device.WrittenBytes, what);
            ratios[round] = ours[round] / fio[round];
        }

        Array.Sort(ratios);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what,-28} ours {Rate(ours, what)}  fio {Rate(fio, what)}  ratio {ratios[Rounds / 2]:F2} "
                + $"({ratios[Rounds / 4]:F2} to {ratios[Rounds - 1 - (Rounds / 4)]:F2}; at least {RatioMin:F2})"));
        return ratios[Rounds / 2];
    }

    private static string Rate(double[] transfers, BlockCase what)
    {
        Array.Sort(transfers);
        var median = transfers[transfers.Length / 2];
        return string.Create(CultureInfo.InvariantCulture, $"{median,8:F0}/s {median * what.Pages / 256,6:F0} MiB/s");
    }
}
