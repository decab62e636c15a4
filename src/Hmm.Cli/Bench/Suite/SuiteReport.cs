// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text.Json;
using Hmm.Cli.Bench.Running;
using Hmm.Linux;

namespace Hmm.Cli.Bench.Suite;

/// <summary>How the table of targets is written: Markdown for readers, JSON for programs.</summary>
internal static class SuiteReport
{
    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true }; // immutable

    internal static string Line(SuiteRow row) => row.Missing.Length > 0
        ? $"{row.Work} / {row.Against}: not measured: {row.Missing}"
        : Text($"{row.Work} / {row.Against}: {row.Ours:G4} {row.Unit} against {row.Theirs:G4}, ")
            + Text($"{row.Value.Median:F2} ({row.Value.Min:F2} to {row.Value.Max:F2}), {Rule(row)}: {Answer(row)}");

    /// <summary>Writes <c>suite.md</c> and <c>suite.json</c>.</summary>
    internal static void Write(string folder, SuiteRun run, BenchPlan plan, int rounds)
    {
        Directory.CreateDirectory(folder);
        using (var output = new StreamWriter(Path.Combine(folder, "suite.md")))
        {
            WriteMarkdown(output, run, plan, rounds);
        }

        var document = new
        {
            machine = Machine(plan),
            rows = run.Rows.Select(row => new
            {
                work = row.Work,
                against = row.Against,
                ours = row.Ours,
                theirs = row.Theirs,
                unit = row.Unit,
                value = new { min = row.Value.Min, median = row.Value.Median, max = row.Value.Max },
                target = row.Target,
                isLimit = row.IsLimit,
                reached = row.Reached,
                missing = row.Missing,
            }),
            runs = run.Results.Select(result => result.ToNode()),
        };
        File.WriteAllText(Path.Combine(folder, "suite.json"), JsonSerializer.Serialize(document, Options) + "\n");
    }

    private static void WriteMarkdown(TextWriter output, SuiteRun run, BenchPlan plan, int rounds)
    {
        output.WriteLine(Text(
            $"File or range {ByteSize.Format(plan.SizeBytes)}, budget {ByteSize.Format(plan.BudgetBytes)} ")
            + Text($"(devices: half of both), {rounds} turns; {Machine(plan)}."));
        output.WriteLine();
        output.WriteLine("| work | against | ours | theirs | ratio, median (least to largest) | target | reached |");
        output.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var row in run.Rows)
        {
            output.WriteLine(row.Missing.Length > 0
                ? $"| {row.Work} | {row.Against} | | | not measured: {row.Missing} | {Rule(row)} | |"
                : Text($"| {row.Work} | {row.Against} | {row.Ours:N1} {row.Unit} | {row.Theirs:N1} | ")
                    + Text($"{row.Value.Median:F2} ({row.Value.Min:F2} to {row.Value.Max:F2}) | ")
                    + $"{Rule(row)} | {Answer(row)} |");
        }
    }

    private static string Machine(BenchPlan plan) => Text(
        $"Linux {SystemInfo.KernelRelease}, {SystemInfo.ProcessorCount} processors, ")
        + Text($"{ByteSize.Format(SystemInfo.TotalMemoryBytes)} of memory, ")
        + Text($"readahead {ReadAhead.Kibibytes(plan.DeviceFolder)} KiB");

    private static string Rule(SuiteRow row) => Text($"{(row.IsLimit ? "at most" : "at least")} {row.Target:0.##}");

    private static string Answer(SuiteRow row) => row.Reached ? "yes" : "no";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
