// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.System.Tests.Support;
using Hmm.Uapi;
using Xunit.Abstractions;

namespace Hmm.System.Tests;

/// <summary>What the host allocates, measured in the host: all of its threads, on the real kernel.</summary>
public sealed class GarbageTests(ITestOutputHelper output)
{
    private const int MiB = 1 << 20;
    private const int PageWords = 4096 / sizeof(ulong);
    private const long Faults = 100_000;
    private const long BytesMax = 1024;

    // The middle one is judged: what faults leave behind is there each time. Once, in one of many processes, 12,336
    // bytes came from elsewhere; from where is not known, and as much is what the runtime takes for its thread pool.
    private const int Rounds = 3;

    [Theory]
    [InlineData("memory,size=64MiB", false)]
    [InlineData("memory,size=64MiB", true)]
    [InlineData("block,folder={tmp},size=64MiB", false)]
    public void AllocatesAtMostOneKibibyteForAHundredThousandFaults(string device, bool recorded)
    {
        using var folder = new TemporaryFolder();
        var socket = folder.File("s");
        using var observed = Child.Play(
            "host", "--socket", socket, "--budget", "2MiB", "--device",
                device.Replace("{tmp}", folder.Path, StringComparison.Ordinal));
        Assert.StartsWith("hmm-host: listening", observed.ReadLine(), StringComparison.Ordinal);
        using var host = HmmHost.Connect(socket);
        using var trace = recorded ? host.StartTrace(folder.File("trace")) : null;
        using var array = host.Allocate<ulong>(8 * MiB / sizeof(ulong), new HmmRangeOptions { Advice = Advice.Random });
        var random = new Random(1);
        Touch(array, random, Faults / 4); // Every path once, so that each thread has what it keeps.

        // Asking costs something too: as much each time, so it can be told apart.
        _ = Allocated(observed);
        var start = Allocated(observed);
        var cost = Allocated(observed) - start;
        var garbage = new long[Rounds];
        for (var round = 0; round < Rounds; round++)
        {
            var faults = array.Statistics.Faults;
            var before = Allocated(observed);
            Touch(array, random, Faults);
            garbage[round] = Allocated(observed) - before - cost;
            faults = array.Statistics.Faults - faults;
            output.WriteLine(
                $"{garbage[round]} bytes for {faults} faults, {array.Statistics.EvictedPages} evictions so far; "
                    + $"asking costs {cost}");
            Assert.True(faults >= (ulong)Faults, $"{faults} faults were made");
        }

        Array.Sort(garbage);
        Assert.InRange(garbage[Rounds / 2], -BytesMax, BytesMax);
    }

    // Half of the touches write. Ends when so many touches missed memory, as the array's size and the budget have it.
    private static void Touch(HmmArray<ulong> array, Random random, long faults)
    {
        var pages = (int)(array.Length / PageWords);
        for (var i = 0L; i < faults * 3 / 2; i++)
        {
            ref var word = ref array[random.Next(pages) * (long)PageWords];
            if (i % 2 == 0)
            {
                word++;
            }
            else
            {
                _ = Volatile.Read(ref word);
            }
        }
    }

    private static long Allocated(Child observed)
    {
        observed.WriteLine("allocated");
        return long.Parse(observed.ReadLine()!, CultureInfo.InvariantCulture);
    }
}
