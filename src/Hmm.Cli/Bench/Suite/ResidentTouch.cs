// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Hmm.Cli.Bench.Comparing;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;

namespace Hmm.Cli.Bench.Suite;

/// <summary>
/// What touching a resident page costs against an ordinary array: the same code over both, in turns, so that a slow
/// moment of the machine meets both.
/// </summary>
internal static class ResidentTouch
{
    private const int Elements = 4 << 20; // 32 MiB of 64-bit words: beyond the caches, resident in any budget here
    private const int Turns = 161;

    // By then the runtime has compiled both for the last time: in steps, each after thirty calls and a while.
    private const int CompiledTurns = 120;
    private const double Least = 0.99;

    internal static IReadOnlyList<SuiteRow> Run(BenchPlan plan)
    {
        var plain = new ulong[Elements];
        using var host = HmmHost.Start(new HmmHostOptions
        {
            BudgetBytes = 128L << 20, DeviceFolder = plan.DeviceFolder,
        });
        using var array = host.Allocate<ulong>(Elements);
        array.Populate(0, Elements, write: true);
        for (var i = 0; i < Elements; i++)
        {
            plain[i] = array[i] = Draw.Mix((ulong)i);
        }

        return
        [
            Compare("resident pages, in order, span", () => Sum(plain), () => Sum(array.Span(0, Elements))),
            Compare("resident pages, at random, by index", () => Gather(plain), () => Gather(array)),
        ];
    }

    private static SuiteRow Compare(string work, Func<ulong> plain, Func<ulong> ours)
    {
        var times = new List<(double Ours, double Plain)>();
        for (var turn = 0; turn < Turns; turn++)
        {
            // Whoever goes second finds the other's lines in the cache: they take turns in that too.
            var first = turn % 2 == 0;
            var one = Time(first ? plain : ours, out var sum);
            var other = Time(first ? ours : plain, out var otherSum);
            if (sum != otherSum)
            {
                throw new CommandException(ExitCode.Wrong, $"{work}: the range and the array do not hold the same");
            }

            times.Add(first ? (other, one) : (one, other));
        }

        times.RemoveRange(0, CompiledTurns);
        return new SuiteRow(
            work,
            "ulong[]",
            Elements / Spread.Of(times.Select(time => time.Ours)).Median / 1e6,
            Elements / Spread.Of(times.Select(time => time.Plain)).Median / 1e6,
            "M/s",
            Spread.Of(times.Select(time => time.Plain / time.Ours)),
            Least,
            IsLimit: false);
    }

    private static double Time(Func<ulong> body, out ulong sum)
    {
        var begun = Stopwatch.GetTimestamp();
        sum = body();
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Sum(ReadOnlySpan<ulong> words)
    {
        var sum = 0UL;
        foreach (var word in words)
        {
            sum += word;
        }

        return sum;
    }

    // The draw stores nothing: after a store through a pointer address and length of a range would be read again
    // for the next index, as any fields.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Gather(ulong[] words)
    {
        var (sum, state) = (0UL, 1UL);
        for (var i = 0; i < Elements; i++)
        {
            sum += words[(long)(Draw.Next(ref state) % Elements)];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Gather(HmmArray<ulong> words)
    {
        var (sum, state) = (0UL, 1UL);
        for (var i = 0; i < Elements; i++)
        {
            sum += words[(long)(Draw.Next(ref state) % Elements)];
        }

        return sum;
    }
}
