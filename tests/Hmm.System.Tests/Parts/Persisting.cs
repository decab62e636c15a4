// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.System.Tests.Support;

namespace Hmm.System.Tests.Parts;

// An application that writes in rounds, makes checkpoints meanwhile, and is killed. Each writer has a stripe of pages
// and goes through it in order, so that a moment of it is: some pages of round v, the rest of round v - 1.
internal static class Persisting
{
    internal const int Writers = 2;
    internal const int StripePages = 512;
    internal const int PageWords = 512;
    internal const long Length = (long)Writers * StripePages * PageWords;

    internal static int Run(string file, string keep)
    {
        // The budget is half of the range, so pages go to the file between checkpoints, too.
        using var host = Hosts.Start(2, "memory,size=16MiB", $"pmem,file={file},size=32MiB,keep={keep},workers=2");
        using var array = host.Open<ulong>("rounds", Length);
        var rounds = new ulong[Writers];
        for (var writer = 0; writer < Writers; writer++)
        {
            rounds[writer] = OldestRound(array, writer);
        }

        Say(string.Create(CultureInfo.InvariantCulture, $"open {host.HostProcessId}"));
        for (var writer = 0; writer < Writers; writer++)
        {
            var number = writer;
            new Thread(() => Write(array, number, rounds)) { IsBackground = true }.Start();
        }

        while (true)
        {
            var before = string.Join(' ', rounds.Select((_, i) => Volatile.Read(ref rounds[i])));
            var sequence = array.Checkpoint();
            Say(string.Create(CultureInfo.InvariantCulture, $"made {sequence} {before}."));
        }
    }

    // The round that the whole stripe has; what is wrong with it otherwise.
    internal static ulong OldestRound(HmmArray<ulong> array, int writer)
    {
        var words = new ulong[StripePages];
        for (var page = 0; page < StripePages; page++)
        {
            words[page] = array[((((long)writer * StripePages) + page) * PageWords) + 7];
        }

        return Judge(words);
    }

    // A moment of a stripe: never rising by more than one round, and only downwards along the order of writing.
    internal static ulong Judge(ReadOnlySpan<ulong> pages)
    {
        var first = pages[0];
        var last = pages[^1];
        Assert.True(first == last || first == last + 1, $"page 0 is of round {first} and the last of {last}");
        for (var page = 1; page < pages.Length; page++)
        {
            Assert.True(
                pages[page] == pages[page - 1] || (pages[page - 1] == first && pages[page] == last),
                $"page {page} is of round {pages[page]}, and the one before of {pages[page - 1]}");
        }

        return last;
    }

    private static void Write(HmmArray<ulong> array, int writer, ulong[] rounds)
    {
        for (var round = rounds[writer] + 1; ; round++)
        {
            for (var page = 0; page < StripePages; page++)
            {
                var at = (((long)writer * StripePages) + page) * PageWords;
                Volatile.Write(ref array[at + 7], round);
                array[at + 500] = round;
            }

            Volatile.Write(ref rounds[writer], round);
        }
    }

    private static void Say(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }
}
