// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using System.Globalization;
using Hmm.Cli.Output;
using Hmm.Cli.Replay;
using Hmm.Cli.Reports;
using Hmm.Uapi;

namespace Hmm.Cli.Commands;

/// <summary>
/// <c>hmm replay TRACE</c>: how policies do on a recorded trace within any budget, and how much is enough.
/// </summary>
internal static class ReplayCommand
{
    internal static Command Create(Terminal terminal)
    {
        var path = new Argument<string>("TRACE") { Description = "A trace that was recorded." };
        var budgets = Text("--budget", "SIZES", "Budgets, as in 256MiB,1GiB (default: up to all that is used).");
        var policies = Text(
            "--policy", "NAMES", "Policies: all, three-queues (default), lru, clock, s3-fifo, optimum, or a module's.");
        var wanted = Text("--hit-ratio", "PERCENT", "The hit ratio that is wanted (default: nearly the best).");
        var within = Text("--within", "POINTS", "How near to the best hit ratio is enough (default: 2).");
        var svg = Text("--svg", "FILE", "Draw the curve into a file.");
        var noPrefetch = new Option<bool>("--no-prefetch")
        {
            Description = "Of a full trace: bring nothing ahead, so that policies alone are compared.",
        };
        var json = CommandOptions.Json();
        var command = new Command("replay", "Run policies over a trace, and say how much DRAM is enough.")
        {
            path, budgets, policies, wanted, within, svg, noPrefetch, json,
        };
        command.SetAction((parse, cancellation) => ErrorGate.RunAsync(terminal, () =>
        {
            var choices = PolicyChoice.Parse(parse.GetValue(policies) ?? PolicyChoice.Default);
            var sizes = parse.GetValue(budgets) is { } list ? Budgets(list) : null;
            var ratio = Percent("--hit-ratio", parse.GetValue(wanted)) / 100;
            var points = Percent("--within", parse.GetValue(within)) ?? 2;
            var log = TraceLog.Load(parse.GetRequiredValue(path));
            if (log.Touches == 0)
            {
                throw new CommandException(
                    ExitCode.Data,
                    $"{parse.GetRequiredValue(path)} holds no touch of a page, so there is nothing to replay; record "
                        + "while the application works");
            }

            var curves = Run(log, choices, sizes ?? Curve.BudgetsOf(log), !parse.GetValue(noPrefetch), cancellation);
            var advice = Curve.Advice(curves[0], ratio, points);
            if (parse.GetValue(json))
            {
                JsonOutput.Write(terminal.Out, ReplayReport.ToJson(log, curves, advice));
            }
            else
            {
                ReplayReport.Print(terminal, log, curves, advice);
                PrintLimits(terminal.Out, log, choices, curves);
            }

            if (parse.GetValue(svg) is { } drawing)
            {
                Draw(drawing, Path.GetFileName(parse.GetRequiredValue(path)), curves);
            }

            return Task.FromResult(ExitCode.Ok);
        }));
        return command;
    }

    private static List<IReadOnlyList<ReplayResult>> Run(
        TraceLog log,
        IReadOnlyList<PolicyChoice> choices,
        IReadOnlyList<long> budgets,
        bool prefetches,
        CancellationToken cancellation)
    {
        var residences = log.IsFull ? null : new Residences(log);
        var curves = new List<IReadOnlyList<ReplayResult>>();
        foreach (var choice in choices)
        {
            var curve = new List<ReplayResult>();
            foreach (var budget in budgets)
            {
                cancellation.ThrowIfCancellationRequested();
                curve.Add(choice.Run(log, budget, residences, prefetches));
            }

            curves.Add(curve);
        }

        return curves;
    }

    private static void PrintLimits(
        TextWriter output,
        TraceLog log,
        IReadOnlyList<PolicyChoice> choices,
        List<IReadOnlyList<ReplayResult>> curves)
    {
        if (log.IsFull)
        {
            return;
        }

        if (curves[0].Any(result => result.BudgetBytes < (long)log.Header.BudgetBytes))
        {
            output.WriteLine("Below the budget of the recording the numbers are estimates: uses of pages that were in "
                + "DRAM were not seen. A full trace sees them ('hmm trace record --full').");
        }

        if (choices.Any(static choice => choice.SeesUses))
        {
            output.WriteLine("lru, clock, s3-fifo and optimum go by uses, of which this trace saw a part; compare them "
                + "on a full trace ('hmm trace record --full').");
        }
    }

    private static void Draw(string path, string title, List<IReadOnlyList<ReplayResult>> curves)
    {
        try
        {
            using var file = new StreamWriter(path);
            CurveSvg.Write(file, title, curves);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(
                ExitCode.Usage, $"--svg: {path} cannot be written: {exception.Message}", exception);
        }
    }

    private static List<long> Budgets(string list)
    {
        var budgets = new List<long>();
        foreach (var text in list.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!ByteSize.TryParse(text, out var bytes, out var error))
            {
                throw new CommandException(ExitCode.Usage, $"--budget: {error}");
            }

            if (bytes < Limits.BudgetBytesMin)
            {
                throw new CommandException(ExitCode.Usage, $"--budget: {text} is too small; give at least 2MiB");
            }

            budgets.Add((long)bytes);
        }

        budgets.Sort();
        return [.. budgets.Distinct()];
    }

    private static double? Percent(string option, string? text)
    {
        if (text is null)
        {
            return null;
        }

        return double.TryParse(text.TrimEnd('%'), NumberStyles.Float, CultureInfo.InvariantCulture, out var percent)
            && percent is >= 0 and <= 100
                ? percent
                : throw new CommandException(ExitCode.Usage, $"{option}: '{text}' is not valid; give 0 to 100");
    }

    private static Option<string?> Text(string name, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
    };
}
