// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Globalization;
using Hmm.Linux.Tests.Support;

namespace Hmm.Linux.Tests;

/// <summary>Threads that keep processors awake: where, with what priority, and when.</summary>
public sealed class IdlePollerTests
{
    private const int SchedIdle = 5;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    private readonly HashSet<int> _others = [.. IdlePoller.Pollers()];

    [NeedsFact(Need.Ring)]
    public void AThreadOnEachProcessorTakesOnlyWhatIsLeft()
    {
        using (Create())
        {
            var threads = Pollers();
            Assert.Equal(SystemInfo.Processors, threads.Select(ProcessorOf).Order());
            Assert.All(threads, static thread => Assert.Equal(SchedIdle, PolicyOf(thread)));
        }

        Until(() => Pollers().Length == 0);
    }

    [NeedsFact(Need.Ring)]
    public void EventsThatComeSoonAfterEachOtherWakeThem()
    {
        using var poller = Create();
        var threads = Pollers();
        for (var turn = 0; turn < 3; turn++)
        {
            // And when nothing comes they sleep again.
            Until(() => threads.All(IsAsleep));
            foreach (var thread in threads)
            {
                Until(() =>
                {
                    poller.Notice();
                    return !IsAsleep(thread);
                });
            }
        }
    }

    [NeedsFact(Need.Ring)]
    public void EventsThatComeSeldomDoNot()
    {
        using var poller = Create();
        var threads = Pollers();
        Until(() => threads.All(IsAsleep));
        var before = threads.Select(TimesAsleep).ToArray();
        var gap = (long)(IdlePoller.GapMax.TotalSeconds * Stopwatch.Frequency);
        var now = Stopwatch.GetTimestamp();
        for (var seldom = 0; seldom < 100; seldom++)
        {
            poller.Notice(now);
            now += gap + 1;
        }

        Assert.All(threads, static thread => Assert.True(IsAsleep(thread)));
        Assert.Equal(before, threads.Select(TimesAsleep));
        poller.Notice(now - 1);
        Until(() => threads.Zip(before).All(static pair => TimesAsleep(pair.First) > pair.Second));
    }

    [Theory]
    [InlineData(1, 1, "one processor")]
    [InlineData(4, 2, "the time of 2 of 4 processors")]
    [InlineData(2, 1, "the time of 1 of 2 processors")]
    public void WhereItWouldGainNothingThereIsNone(int processors, int usable, string words) =>
        Assert.Contains(words, IdlePoller.WhyPointless(processors, usable), StringComparison.Ordinal);

    [Theory]
    [InlineData(2, 2)]
    [InlineData(2, 4)] // DOTNET_PROCESSOR_COUNT
    public void ElsewhereThereIsOne(int processors, int usable) =>
        Assert.Empty(IdlePoller.WhyPointless(processors, usable));

    [NeedsFact(Need.Ring)]
    public void OneThatCannotBeLeavesNothing()
    {
        int[] processors = [SystemInfo.Processors[0], 1 << 20];
        Assert.False(IdlePoller.TryCreate(processors, out var poller, out var whyNot));
        Assert.Null(poller);
        Assert.Contains("io_uring_setup failed with EINVAL", whyNot, StringComparison.Ordinal);
        Until(() => Pollers().Length == 0);
    }

    private static IdlePoller Create()
    {
        // Whether it would gain anything here is not the question.
        Assert.True(IdlePoller.TryCreate(SystemInfo.Processors, out var poller, out var whyNot), whyNot);
        return poller;
    }

    private int[] Pollers() => [.. IdlePoller.Pollers().Where(thread => !_others.Contains(thread))];

    // Fields of /proc/PID/stat after the name in parentheses, which is the second; proc_pid_stat(5).
    private static string FieldOf(int thread, int number) =>
        File.ReadAllText($"/proc/self/task/{thread}/stat").Split(')')[^1].Split(' ')[number - 2];

    private static int PolicyOf(int thread) => int.Parse(FieldOf(thread, 41), CultureInfo.InvariantCulture);

    private static bool IsAsleep(int thread) => FieldOf(thread, 3) == "S";

    private static ulong TimesAsleep(int thread) =>
        ProcText.NumberOf(File.ReadAllText($"/proc/self/task/{thread}/status"), "voluntary_ctxt_switches");

    private static int ProcessorOf(int thread) =>
        Assert.Single(ProcText.NumbersOf(File.ReadAllText($"/proc/self/task/{thread}/status"), "Cpus_allowed_list"));

    private static void Until(Func<bool> isDone)
    {
        var start = Stopwatch.GetTimestamp();
        while (!isDone())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_limit, "it does not come to be");
            Thread.Yield();
        }
    }
}
