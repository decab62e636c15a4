// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Cli.Output;

namespace Hmm.Cli.Demo.Presenters;

/// <summary>The words that the plain and the live presenter share.</summary>
internal static class DemoText
{
    internal static string Title(DemoPlan plan) =>
        $"{plan.Data.Files.Count:N0} files of {plan.Data.Root}, {ByteSize.Format(plan.Data.FileBytes)}, "
        + $"in one range with a DRAM budget of {ByteSize.Format(plan.BudgetBytes)}; "
        + $"{(plan.PmemFile is null ? "the rest goes to" : "persistent in")} {plan.Destination} (seed {plan.Seed})";

    /// <summary>What a phase does, in words.</summary>
    internal static string Describe(DemoPhase phase) => phase switch
    {
        DemoPhase.Load => "load the files into the range",
        DemoPhase.Checkpoint => "make it durable",
        DemoPhase.Reopen => "end the host, open the range by its name from another",
        DemoPhase.Check => "read them back in random order, compare SHA-256",
        DemoPhase.Sort => "sort the range in place as 64-bit keys",
        _ => "check that every key is there and in order",
    };

    internal static string Seconds(double seconds) => seconds.ToString("F1", CultureInfo.InvariantCulture) + " s";

    /// <summary>The end table.</summary>
    internal static void WriteTable(TextWriter output, DemoReport report)
    {
        var phases = new TextTable("phase", "time", "through", "speed", "faults", "fills", "evictions")
            .Right(1, 2, 3, 4, 5, 6);
        foreach (var phase in report.Phases)
        {
            phases.Add(
                phase.Phase.ToString().ToLowerInvariant(),
                Seconds(phase.Seconds),
                ByteSize.Format(phase.Bytes),
                ByteSize.Format(phase.Bytes / Math.Max(phase.Seconds, 1e-3)) + "/s",
                $"{phase.Faults:N0}",
                $"{phase.Fills:N0}",
                $"{phase.Evictions:N0}");
        }

        phases.Add(
            "total",
            Seconds(report.Seconds),
            "",
            "",
            $"{report.Faults:N0}",
            $"{report.Fills:N0}",
            $"{report.Evictions:N0}");
        phases.WriteTo(output);
        output.WriteLine();
        output.WriteLine($"data           {ByteSize.Format(report.DataBytes)} in {report.Files:N0} files");
        output.WriteLine($"budget         {ByteSize.Format(report.BudgetBytes)} of DRAM");
        output.WriteLine($"peak resident  {ByteSize.Format(report.PeakResidentBytes)}, as the kernel counts it "
            + $"({report.ResidentSamples:N0} readings, at most {report.LongestSampleGapMs:F0} ms apart)");
        output.WriteLine($"moved          {ByteSize.Format(report.BytesIn)} in from the device, "
            + $"{ByteSize.Format(report.BytesOut)} out to it");
        if (report.PmemFile is not null)
        {
            output.WriteLine($"kept           range \"{HostedRange.PersistentName}\" in {report.PmemFile}, as loaded; "
                + "'hmm pmem list' shows it");
        }

        output.WriteLine();
    }
}
