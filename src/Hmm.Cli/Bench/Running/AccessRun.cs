// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Spaces;

namespace Hmm.Cli.Bench.Running;

/// <summary>All threads of an access pattern, begun together.</summary>
internal sealed class AccessRun
{
    private readonly BenchPlan _plan; // immutable
    private readonly Zipf? _zipf; // immutable

    internal AccessRun(BenchPlan plan)
    {
        _plan = plan;
        _zipf = plan.Pattern == AccessPattern.Zipf ? new Zipf(plan.Pages, plan.Theta) : null;
    }

    internal LatencyHistogram Latencies { get; private set; } = new();

    internal long Reads { get; private set; }

    internal long Writes { get; private set; }

    internal long Bad { get; private set; }

    internal ulong Sink { get; private set; }

    internal double Seconds { get; private set; }

    /// <summary>Runs once; replaces what an earlier run left, but counts wrong reads on.</summary>
    internal void Run(IBenchSpace space, ulong seed, double seconds, long ops)
    {
        var workers = new AccessWorker[_plan.Threads];
        var threads = new Thread[_plan.Threads];
        using var begin = new Barrier(_plan.Threads + 1);
        for (var i = 0; i < workers.Length; i++)
        {
            var worker = new AccessWorker(_plan, i, seed, _zipf);
            workers[i] = worker;
            threads[i] = new Thread(Body) { Name = $"hmm-bench-{i}" };
            threads[i].Start();

            void Body()
            {
                begin.SignalAndWait();
                worker.Run(space, seconds, ops);
            }
        }

        begin.SignalAndWait();
        var begun = Stopwatch.GetTimestamp();
        foreach (var thread in threads)
        {
            thread.Join();
        }

        Seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        Collect(workers);
    }

    private void Collect(AccessWorker[] workers)
    {
        Latencies = new LatencyHistogram();
        Reads = 0;
        Writes = 0;
        foreach (var worker in workers)
        {
            Latencies.Add(worker.Latencies);
            Reads += worker.Reads;
            Writes += worker.Writes;
            Bad += worker.Bad;
            Sink += worker.Sink;
        }
    }
}
