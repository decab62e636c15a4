// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Globalization;

namespace Hmm.System.Tests.Support;

// Writers that would notice a single lost write. In every page each writer has a counter of its own, which only it
// raises, with a checksum; all of them raise one shared counter atomically. A writer knows what its counter must be,
// so a page that went back in time, or came back as another page, is found at its next visit or in the last check.
//
//   word 0..3   writer's counter    8..11   its checksum    400..403   set by its first store    500   raised by all
internal sealed unsafe class Hammer
{
    internal const int WritersMax = 4;

    private const int ChecksumWord = 8;
    private const int TouchedWord = 400;
    private const int SharedWord = 500;

    private readonly HmmArray<ulong>[] _arrays;
    private readonly int _pageWords;
    private readonly int _pagesPerArray;
    private readonly int _writers;
    private readonly int _seed;
    private readonly ulong[][] _counts; // Guarded by: writer i for _counts[i], after the run by the checker
    private readonly ulong[][] _shared; // Guarded by: as _counts
    private readonly long[] _operations; // Guarded by: as _counts
    private string? _loss; // Guarded by: atomic
    private int _stop; // Guarded by: atomic

    // Every array has the same length and page size.
    internal Hammer(HmmArray<ulong>[] arrays, int pageBytes, int writers, int seed)
    {
        Assert.InRange(writers, 1, WritersMax);
        _arrays = arrays;
        _pageWords = pageBytes / sizeof(ulong);
        _pagesPerArray = (int)(arrays[0].Length / _pageWords);
        _writers = writers;
        _seed = seed;
        _counts = [.. Enumerable.Range(0, writers).Select(_ => new ulong[Pages])];
        _shared = [.. Enumerable.Range(0, writers).Select(_ => new ulong[Pages])];
        _operations = new long[writers];
    }

    internal long Operations => _operations.Sum();

    // What the kernel counted at the worst of its samples, and how many there were.
    internal long PeakResidentBytes { get; private set; }

    internal long Samples { get; private set; }

    private int Pages => _pagesPerArray * _arrays.Length;

    // Runs the writers for a time, with a thread that forces garbage collections and one that samples the resident size
    // every 10 ms. Returns what was lost, or null.
    internal string? Run(TimeSpan time, Func<bool>? until = null)
    {
        var threads = new List<Thread>();
        for (var writer = 0; writer < _writers; writer++)
        {
            var number = writer;
            threads.Add(new Thread(() => Write(number)) { Name = $"writer {number}" });
        }

        threads.Add(new Thread(Collect) { Name = "collector" });
        threads.Add(new Thread(Sample) { Name = "sampler" });
        threads.ForEach(static thread => thread.Start());
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < time && Volatile.Read(ref _stop) == 0 && until?.Invoke() != true)
        {
            Thread.Sleep(20); // Waits: the time of the run is what is asked for
        }

        Volatile.Write(ref _stop, 1);
        foreach (var thread in threads)
        {
            Assert.True(thread.Join(Runs.Limit), $"{thread.Name} hangs: nobody serves its fault");
        }

        return _loss ?? CheckAll();
    }

    private void Write(int writer)
    {
        var random = new Random(_seed + writer);
        var counts = _counts[writer];
        while (Volatile.Read(ref _stop) == 0)
        {
            var page = random.Next(Pages);
            var words = WordsOf(page);

            // Half of the visits only look, so that there are clean pages, and the other half begin with a store: on a
            // page that has been clean for a while that is the first write, just when it may be about to leave.
            var isWrite = random.Next(2) == 0;
            if (isWrite)
            {
                Volatile.Write(ref words[TouchedWord + writer], 1);
            }

            if (!IsRight(words, writer, page))
            {
                Lost(writer, page, words);
                return;
            }

            if (isWrite)
            {
                var count = ++counts[page];
                Volatile.Write(ref words[writer], count);
                Volatile.Write(ref words[ChecksumWord + writer], ChecksumOf(count, writer, page));
                Interlocked.Increment(ref words[SharedWord]);
                _shared[writer][page]++;
            }

            _operations[writer]++;
        }
    }

    private void Collect()
    {
        for (var turn = 0; Volatile.Read(ref _stop) == 0; turn++)
        {
            GC.KeepAlive(new byte[64 * 1024]);
            GC.Collect(turn % 16 == 0 ? 2 : 0);
            Thread.Sleep(2); // Waits: a collection every few milliseconds, not a collection all the time
        }
    }

    private void Sample()
    {
        while (Volatile.Read(ref _stop) == 0)
        {
            PeakResidentBytes = Math.Max(PeakResidentBytes, _arrays.Sum(static array => array.ResidentBytes));
            Samples++;
            Thread.Sleep(10); // Waits: the rate of sampling is what is asked for
        }
    }

    // Every page once more, by one thread, with the counter that all of them raised.
    private string? CheckAll()
    {
        for (var page = 0; page < Pages; page++)
        {
            var words = WordsOf(page);
            var shared = 0UL;
            for (var writer = 0; writer < _writers; writer++)
            {
                shared += _shared[writer][page];
                if (!IsRight(words, writer, page))
                {
                    Lost(writer, page, words);
                    return _loss;
                }
            }

            if (words[SharedWord] != shared)
            {
                return Say($"page {page}: all writers together wrote {shared} and {words[SharedWord]} is there");
            }
        }

        return null;
    }

    private bool IsRight(ulong* words, int writer, int page)
    {
        var count = _counts[writer][page];
        return Volatile.Read(ref words[writer]) == count
            && Volatile.Read(ref words[ChecksumWord + writer]) == ChecksumOf(count, writer, page);
    }

    private void Lost(int writer, int page, ulong* words)
    {
        var seen = $"counter {words[writer]}, checksum {words[ChecksumWord + writer]:x}";
        var loss = Say($"page {page}: writer {writer} wrote {_counts[writer][page]} and found {seen}");
        Interlocked.CompareExchange(ref _loss, loss, null);
        Volatile.Write(ref _stop, 1);
    }

    private string Say(string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{what} (seed {_seed}, {Operations} operations)");

    // Safe because every page is inside its array, which outlives the run.
    private ulong* WordsOf(int page) =>
        _arrays[page / _pagesPerArray].Pointer + ((long)(page % _pagesPerArray) * _pageWords);

    // Zero for a page that was never written, since such a page is zero.
    private static ulong ChecksumOf(ulong count, int writer, int page) =>
        count == 0 ? 0 : (count * 0x9E3779B97F4A7C15) ^ ((ulong)page << 20) ^ (ulong)(writer + 1);
}
