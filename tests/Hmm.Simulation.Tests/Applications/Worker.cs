// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Applications;

/// <summary>
/// A thread of the simulated application. On every page it owns two words, one near each end; it knows what it last
/// stored there and compares at every load, so a lost store shows at the next load of that word, or at the end.
/// </summary>
/// <remarks>A step is one load or store of one word, or the fault it takes.</remarks>
internal sealed class Worker : InlineActor
{
    /// <summary>The most workers of a range: two words each.</summary>
    public const int CountMax = 8;

    private readonly SeededRandom _random; // immutable
    private readonly List<Share> _shares = []; // Guarded by: the baton
    private readonly int _number; // immutable
    private int _operationsLeft; // Guarded by: the baton
    private long _lastValue; // Guarded by: the baton
    private int _streak; // Guarded by: the baton
    private bool _streakStores; // Guarded by: the baton
    private Share? _share; // Guarded by: the baton
    private long _page; // Guarded by: the baton
    private int _word; // Guarded by: the baton
    private int _loadsBeforeStore; // Guarded by: the baton
    private bool _stores; // Guarded by: the baton

    public Worker(SeededRandom random, int number, int operations)
        : base($"worker {number}")
    {
        Assert.InRange(number, 0, CountMax - 1);
        (_random, _number, _operationsLeft) = (random, number, operations);
        Thread = new SimulatedThread(Name);
    }

    public SimulatedThread Thread { get; }

    /// <summary>Whether a touch may fail: then it goes on with another page.</summary>
    public bool AllowFailures { get; init; }

    /// <summary>Touches that failed.</summary>
    public int FailureCount { get; private set; } // Guarded by: the baton

    public override bool CanStep => !IsDone && !Thread.IsWaiting;

    public override bool IsDone => _share is null && (_operationsLeft <= 0 || _shares.Count == 0);

    /// <summary>Gives it words on every page of a range.</summary>
    /// <param name="range">The range.</param>
    /// <param name="isLossy">Whether pages may be dropped: then a word may be what it was at first.</param>
    public void Join(SimulatedRange range, bool isLossy = false) => _shares.Add(new Share(range, _number, isLossy));

    /// <summary>Compares its words of one page with the page's bytes.</summary>
    public void Verify(SimulatedRange range, long page, ReadOnlySpan<byte> content)
    {
        var share = _shares.Find(share => share.Range == range);
        if (share is not null)
        {
            share.Check(page, 0, BitConverter.ToInt64(content[share.OffsetOf(0)..]), Name);
            share.Check(page, 1, BitConverter.ToInt64(content[share.OffsetOf(1)..]), Name);
        }
    }

    public override void Step()
    {
        if (_share is null)
        {
            Begin();
        }

        var share = _share!;
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        var storing = _stores && _loadsBeforeStore == 0;
        if (storing)
        {
            // Zeros too: a page of zeros takes its own way out.
            var value = _random.Chance(100) ? 0 : ++_lastValue;
            BitConverter.TryWriteBytes(bytes, value);
            if (Went(share.Range.Memory.TryStore(Thread, _page, share.OffsetOf(_word), bytes)))
            {
                share.SetExpected(_page, _word, value);
                _share = null;
            }

            return;
        }

        if (Went(share.Range.Memory.TryLoad(Thread, _page, share.OffsetOf(_word), bytes)))
        {
            share.Check(_page, _word, BitConverter.ToInt64(bytes), Name);
            _loadsBeforeStore = Math.Max(0, _loadsBeforeStore - 1);
            _share = _stores ? share : null;
        }
    }

    public override string ToString() =>
        $"{Thread}, {_operationsLeft} operations to go{(_share is null ? "" : $", in page {_page}")}";

    private bool Went(TouchOutcome outcome)
    {
        switch (outcome)
        {
            case TouchOutcome.Gone:
                _shares.Remove(_share!);
                _share = null;
                break;
            case TouchOutcome.Fails when AllowFailures:
                FailureCount++;
                _share = null;
                break;
            case TouchOutcome.Fails:
                throw new ScheduleException(
                    $"{Name}: a touch of page {_page} of {_share!.Range.Memory.Name} fails: it is poisoned");
        }

        return outcome == TouchOutcome.Done;
    }

    /// <summary>Chooses the next access: now and then a streak of neighbours, as scans make, else any page.</summary>
    private void Begin()
    {
        _operationsLeft--;
        var previous = _shares.Find(share => share.Range.Memory == Thread.Memory);
        if (_streak > 0 && previous is not null && _page + 1 < previous.Range.Memory.PageCount)
        {
            _streak--;
            _share = previous;
            _page++;
            _stores = _streakStores;
        }
        else
        {
            _share = _shares[_random.Next(_shares.Count)];
            _page = _random.Next(_share.Range.Memory.PageCount);
            _streak = _random.Chance(150) ? _random.Between(4, 24) : 0;
            _streakStores = _random.Chance(500);
            _stores = _streak > 0 ? _streakStores : _random.Chance(600);
        }

        _word = _random.Next(2);
        _loadsBeforeStore = _stores && _random.Chance(400) ? 1 : 0;
    }

    /// <summary>A worker's words in one range.</summary>
    private sealed class Share
    {
        private readonly long[] _expected; // Guarded by: the baton
        private readonly int _number; // immutable
        private readonly bool _isLossy; // immutable

        public Share(SimulatedRange range, int number, bool isLossy)
        {
            (Range, _number, _isLossy) = (range, number, isLossy);
            _expected = new long[range.Memory.PageCount * 2];
            for (var page = 0L; page < range.Memory.PageCount; page++)
            {
                SetExpected(page, 0, Initial(page, 0));
                SetExpected(page, 1, Initial(page, 1));
            }
        }

        public SimulatedRange Range { get; }

        public int OffsetOf(int word) =>
            word == 0 ? _number * sizeof(long) : Range.Memory.PageSizeBytes - ((_number + 1) * sizeof(long));

        public void SetExpected(long page, int word, long value) => _expected[(page * 2) + word] = value;

        public void Check(long page, int word, long value, string who)
        {
            var expected = _expected[(page * 2) + word];
            if (value == expected)
            {
                return;
            }

            if (_isLossy && value == Initial(page, word))
            {
                SetExpected(page, word, value);
                return;
            }

            throw new ScheduleException(
                $"lost write: {who} stored {expected} to word {word} of page {page} of "
                    + $"{Range.Memory.Name} and loads {value}");
        }

        // Of a shared file this is only asked before anybody stored.
        private long Initial(long page, int word) =>
            Range.File is null ? 0 : BitConverter.ToInt64(Range.File.Page(page)[OffsetOf(word)..]);
    }
}
