// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Conformance.Checks;

namespace Hmm.Conformance;

/// <summary>
/// Runs a driver through its contract. It runs code of the driver in this process, as a host does: a driver that writes
/// through wild pointers can end it.
/// </summary>
internal static class ConformanceSuite
{
    private const string LoadName = "load";
    private const string LoadContract = "the module passes the gate, its init returns, and it offers a driver";

    /// <summary>Every check that runs on a loaded driver, in order; the last needs all others to have passed.</summary>
    public static IReadOnlyList<IConformanceCheck> Checks { get; } =
    [
        new ParametersCheck(),
        new ShapeCheck(),
        new BadValuesCheck(),
        new RoundTripCheck(),
        new NeverWrittenCheck(),
        new InFlightCheck(),
        new ReentryCheck(),
        new BuffersCheck(),
        new ReuseCheck(),
        new FullCheck(),
        new RandomUseCheck(),
        new ThreadsCheck(),
        new TwoDevicesCheck(),
        new PeersCheck(),
        new RemovalCheck(),
        new LeaksCheck(),
        new UnloadCheck(),
    ];

    /// <summary>Runs every check.</summary>
    /// <param name="options">What, and how.</param>
    /// <param name="progress">Gets each result as it comes, on the calling thread; null: nobody does.</param>
    /// <exception cref="ArgumentException">A check that was asked for does not exist; none has run.</exception>
    public static ConformanceReport Run(ConformanceOptions options, Action<CheckResult>? progress = null)
    {
        var selected = Selected(options.Only);
        using var watch = new Watch();
        var results = new List<CheckResult>();
        DriverUnderTest? driver = null;
        Report(Measure(LoadName, LoadContract, watch, options.CheckDeadline, () =>
        {
            driver = DriverUnderTest.Load(options, watch);
            return $"driver {driver.Name} of module {driver.Module}";
        }));
        foreach (var check in selected)
        {
            // What a failed check left behind keeps the module in use.
            var isSkipped = driver is null
                || (check is UnloadCheck && results.Exists(static result => result.Outcome != CheckOutcome.Passed));
            Report(isSkipped
                ? new CheckResult(check.Name, check.Contract, CheckOutcome.Skipped, 0, "a check before it failed")
                : Measure(check.Name, check.Contract, watch, options.CheckDeadline, () => check.Run(driver!)));
        }

        var module = driver?.Module ?? Path.GetFileNameWithoutExtension(options.Path);
        return new ConformanceReport(driver?.Name ?? "", module, options.Seed, results);

        void Report(CheckResult result)
        {
            results.Add(result);
            progress?.Invoke(result);
        }
    }

    private static IEnumerable<IConformanceCheck> Selected(IReadOnlyList<string> names)
    {
        var unknown = names.FirstOrDefault(static name => Checks.All(check => check.Name != name));
        return unknown is not null
            ? throw new ArgumentException(
                $"There is no check '{unknown}'; there are {string.Join(", ", Checks.Select(check => check.Name))}.")
            : Checks.Where(check => names.Count == 0 || names.Contains(check.Name));
    }

    private static CheckResult Measure(
        string name, string contract, Watch watch, TimeSpan deadline, Func<string> run)
    {
        var started = Stopwatch.GetTimestamp();
        var (outcome, detail) = (CheckOutcome.Passed, "");
        try
        {
            watch.Reset();
            Guard.Run($"check {name}", deadline, () => detail = run());
            watch.Check();
        }
        catch (ConformanceException exception)
        {
            (outcome, detail) = (CheckOutcome.Failed, exception.Message);
        }

        return new CheckResult(
            name, contract, outcome, (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds, detail);
    }
}
