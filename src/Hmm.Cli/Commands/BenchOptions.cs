// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using System.Globalization;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;
using Hmm.Cli.Bench.Spaces;
using Hmm.Host;
using Hmm.Host.Engine;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Cli.Commands;

/// <summary>The options of <c>hmm bench</c>, and the plan that they make.</summary>
internal sealed class BenchOptions
{
    private const long SizeBytesMin = 1 << 20;
    private const int ThreadsMax = 64;
    private const int PrefetchMax = 1 << 20;

    private readonly Option<string> _pattern = Text(
        "--pattern", "NAME", "randread", $"The access pattern: {PatternFacts.AllNames()}.");

    private readonly Option<string> _target = Text(
        "--target", "NAME", "hmm", $"Whose memory: {TargetFacts.AllNames()}.");

    private readonly Option<ulong?> _size = CommandOptions.Size("--size", "The range or file (default: 1GiB).");

    private readonly Option<ulong?> _budget = CommandOptions.Size(
        "--budget", "The DRAM of its pages (default: a quarter of the size).");

    private readonly Option<int> _threads = Number("--threads", 1, "How many threads touch it.");

    private readonly Option<double> _seconds = Number("--seconds", 10.0, "How long it is measured.");

    private readonly Option<long> _ops = Number("--ops", 0L, "The most accesses; 0 for no limit.");

    private readonly Option<double> _warm = Number("--warm-seconds", 3.0, "How long the pattern runs before.");

    private readonly Option<long> _warmOps = Number(
        "--warm-ops", 0L, "How many accesses it makes before, instead of for --warm-seconds.");

    private readonly Option<int> _prefetch = Number(
        "--prefetch", 0, "How many accesses ahead our range is told of, by their indexes.");

    private readonly Option<ulong> _seed = Number("--seed", 42UL, "Chooses the pages.");

    private readonly Option<double> _writeFraction = Number(
        "--write-fraction", 0.5, "The share of writes of randrw, zipf and hot.");

    private readonly Option<double> _theta = Number("--theta", 0.99, "The skew of zipf.");

    private readonly Option<string> _advice = Text(
        "--advice", "NAME", "normal", "What our range is told: normal, random or sequential.");

    private readonly Option<string[]> _devices = new("--device")
    {
        Description = "A device of our host, fastest first: memory,size=2GiB. Without it a file is mapped.",
        HelpName = "DEVICE",
        DefaultValueFactory = _ => [],
    };

    private readonly Option<string?> _spin = new("--spin")
    {
        Description = "How long our host looks for the next fault before it sleeps, 0us to 1ms (default: as it does).",
        HelpName = "TIME",
    };

    private readonly Option<bool> _idlePoll = new("--idle-poll")
    {
        Description = "Let our host keep processors awake while faults come.",
    };

    private readonly Option<string?> _file = new("--file")
    {
        Description = "The file to map, made when it is not there as it must be (default: one in the device folder).",
        HelpName = "PATH",
    };

    private readonly Option<string?> _trace = CommandOptions.Trace();

    private readonly Option<bool> _traceFull = CommandOptions.TraceFull();

    private readonly Option<string> _data = Text(
        "--data", "PATH", "", "Real files for the pages of a device or of swap to hold, a file or a folder.");

    private readonly Option<string> _group = new("--group")
    {
        Description = "The memory group that this process is in.",
        HelpName = "PATH",
        DefaultValueFactory = _ => "",
        Hidden = true,
    };

    internal Option<string> Folder { get; } = CommandOptions.DeviceFolder();

    internal Option<string?> Against { get; } = new("--against")
    {
        Description = "Other targets to run in turns with ours, under an equal memory limit.",
        HelpName = "LIST",
    };

    internal Option<int> Rounds { get; } = Number("--rounds", 3, "How many turns.");

    internal Option<ulong?> ReadAhead { get; } = CommandOptions.Size(
        "--read-ahead", "Set the disk's readahead for the run (as root).");

    internal Option<string?> Suite { get; } = new("--suite")
    {
        Description = "Measure everything that has a target, and write suite.md and suite.json into a folder.",
        HelpName = "DIR",
    };

    internal Option<string> Floor { get; } = Text(
        "--floor", "DIR", "", "The compiled programs of bench/floor, for --suite and --scale.");

    internal Option<string?> Scale { get; } = new("--scale")
    {
        Description = "Measure a fault by ranges, length, sessions and devices; write scale.md and scale.svg there.",
        HelpName = "DIR",
    };

    internal Option<bool> Json { get; } = CommandOptions.Json();

    /// <summary>The targets of a list.</summary>
    /// <exception cref="CommandException">There is no such target.</exception>
    internal static IReadOnlyList<BenchTarget> Targets(string list)
    {
        var targets = new List<BenchTarget>();
        foreach (var name in list.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!TargetFacts.TryParse(name, out var target) || target == BenchTarget.Hmm)
            {
                throw Refused("--against", name, $"a list of {TargetFacts.PeerNames()}");
            }

            targets.Add(target);
        }

        return targets;
    }

    /// <summary>Whether the plan's file is one that nobody named: it goes when the command ends.</summary>
    internal bool IsFileOurs(ParseResult parse) => parse.GetValue(_file) is null;

    internal void AddTo(Command command)
    {
        Option[] all =
        [
            _pattern, _target, _size, _budget, _threads, _seconds, _ops, _warm, _warmOps, _prefetch, _seed,
            _writeFraction, _theta, _advice, _devices, _spin, _idlePoll, _file, _data, _trace, _traceFull, Folder,
            Against, Rounds, ReadAhead, Suite, Floor, Scale, _group, Json,
        ];
        foreach (var option in all)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The plan, checked.</summary>
    /// <exception cref="CommandException">An option is outside its limits, or there is no room.</exception>
    internal BenchPlan Plan(ParseResult parse)
    {
        var size = (long)(parse.GetValue(_size) ?? 1UL << 30) & ~4095L;
        var plan = new BenchPlan
        {
            Pattern = PatternFacts.TryParse(parse.GetRequiredValue(_pattern), out var pattern)
                ? pattern
                : throw Refused("--pattern", parse.GetRequiredValue(_pattern), $"one of {PatternFacts.AllNames()}"),
            Target = TargetFacts.TryParse(parse.GetRequiredValue(_target), out var target)
                ? target
                : throw Refused("--target", parse.GetRequiredValue(_target), $"one of {TargetFacts.AllNames()}"),
            SizeBytes = size,
            BudgetBytes = (long)(parse.GetValue(_budget) ?? Math.Max(Limits.BudgetBytesMin, (ulong)size / 4)),
            Threads = parse.GetValue(_threads),
            Seconds = parse.GetValue(_seconds),
            Ops = parse.GetValue(_ops),
            WarmSeconds = parse.GetValue(_warm),
            WarmOps = parse.GetValue(_warmOps),
            PrefetchPages = parse.GetValue(_prefetch),
            Seed = parse.GetValue(_seed),
            WriteFraction = parse.GetValue(_writeFraction),
            Theta = parse.GetValue(_theta),
            Advice = Enum.TryParse<Advice>(parse.GetRequiredValue(_advice), ignoreCase: true, out var advice)
                && Enum.IsDefined(advice)
                    ? advice
                    : throw Refused("--advice", parse.GetRequiredValue(_advice), "normal, random or sequential"),
            Devices = parse.GetRequiredValue(_devices),
            SpinTime = parse.GetValue(_spin) is { } spin ? SpinTimeOf(spin) : null,
            IdlePoll = parse.GetValue(_idlePoll),
            DataPath = parse.GetRequiredValue(_data) is { Length: > 0 } data ? Path.GetFullPath(data) : "",
            DeviceFolder = Path.GetFullPath(parse.GetRequiredValue(Folder)),
            GroupPath = parse.GetRequiredValue(_group),
            TracePath = parse.GetValue(_trace) ?? "",
            TraceMode = parse.GetValue(_traceFull) ? TraceMode.Full : TraceMode.Faults,
        };
        Check(plan);
        var path = parse.GetValue(_file) ?? Path.Combine(
            plan.DeviceFolder,
            string.Create(CultureInfo.InvariantCulture, $"hmm-bench-{pattern.Content()}-{size}.data"));
        plan = plan with { FilePath = Path.GetFullPath(path) };
        CheckRoom(plan);
        return plan;
    }

    private static TimeSpan SpinTimeOf(string text) =>
        Duration.TryParse(text, TimeSpan.Zero, FaultLoop.SpinTimeMax, out var time)
            ? time
            : throw Refused("--spin", text, "a time from 0us to 1ms");

    private static void Check(BenchPlan plan)
    {
        Require(plan.SizeBytes >= SizeBytesMin, "--size", plan.SizeBytes, "at least 1MiB");
        Require(
            plan.BudgetBytes >= (long)Limits.BudgetBytesMin,
            "--budget",
            plan.BudgetBytes,
            "at least 2MiB, the largest page");
        Require(plan.Threads is >= 1 and <= ThreadsMax, "--threads", plan.Threads, $"from 1 to {ThreadsMax}");
        Require(plan.Seconds is >= 0 and <= 86400, "--seconds", plan.Seconds, "from 0 to 86400");
        Require(plan.WarmSeconds is >= 0 and <= 86400, "--warm-seconds", plan.WarmSeconds, "from 0 to 86400");
        Require(
            plan.TracePath.Length == 0 || plan.Target == BenchTarget.Hmm,
            "--target",
            plan.Target.Name(),
            "hmm with --trace, which records our host");
        Require(plan.Ops >= 0, "--ops", plan.Ops, "at least 0");
        Require(plan.WarmOps >= 0, "--warm-ops", plan.WarmOps, "at least 0");
        Require(
            plan.PrefetchPages == 0 || (plan.PrefetchPages is > 0 and <= PrefetchMax && plan.Pattern.IsDrawn()),
            "--prefetch",
            plan.PrefetchPages,
            $"from 0 to {PrefetchMax}, with a pattern that draws its pages: randread, randwrite, randrw, zipf, hot");
        Require(plan.Seconds > 0 || plan.Ops > 0, "--seconds", plan.Seconds, "above 0, or give --ops");
        Require(plan.WriteFraction is >= 0 and <= 1, "--write-fraction", plan.WriteFraction, "from 0 to 1");
        var holdsData = plan.DataPath.Length == 0 || (!plan.IsOnFile && plan.Pattern.Content() == PageContent.Half);
        if (!holdsData)
        {
            throw Refused("--data", plan.DataPath, "it with --device or a target of swap, and no sort or join");
        }

        Require(plan.Theta is > 0 and < 1, "--theta", plan.Theta, "between 0 and 1");
    }

    private static void CheckRoom(BenchPlan plan)
    {
        var folder = Path.GetDirectoryName(plan.FilePath)!;
        if (plan.IsOnFile && !Directory.Exists(folder))
        {
            throw new CommandException(
                ExitCode.DeviceFolder, $"there is no folder {folder}; create it, or name another: --file PATH");
        }

        var there = File.Exists(plan.FilePath) ? new FileInfo(plan.FilePath).Length : 0;
        var free = plan.IsOnFile ? SystemInfo.FreeSpaceBytes(folder) : ulong.MaxValue;
        if (plan.IsOnFile && plan.SizeBytes - there > (long)Math.Min(free, long.MaxValue))
        {
            throw new CommandException(
                ExitCode.DeviceFolder,
                $"{folder} has {ByteSize.Format(free)} free and the file needs "
                    + $"{ByteSize.Format(plan.SizeBytes - there)} more; free some, give a smaller --size, or name "
                    + "another: --file PATH");
        }
    }

    private static void Require<T>(bool holds, string option, T value, string rule)
    {
        if (!holds)
        {
            throw Refused(option, string.Create(CultureInfo.InvariantCulture, $"{value}"), rule);
        }
    }

    private static CommandException Refused(string option, string value, string rule) =>
        new(ExitCode.Usage, $"{option}: '{value}' is not valid; give {rule}");

    private static Option<string> Text(string name, string helpName, string value, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        DefaultValueFactory = _ => value,
    };

    private static Option<T> Number<T>(string name, T value, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => value,
    };
}
