// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Applications;

/// <summary>
/// One application thread that does everything an application may do, against plain arrays: after every operation each
/// byte is what the arrays say. The host's threads work beside it, so that each operation meets pages in every state.
/// </summary>
internal sealed class ModelWorld : IDisposable
{
    private readonly SimulatedHost _host; // immutable
    private readonly SeededRandom _random; // immutable
    private readonly ScriptThread _script; // immutable
    private readonly List<ModelRange> _ranges = []; // Guarded by: the baton
    private readonly int _pageShift; // immutable
    private readonly int _pinnedPagesMax; // immutable
    private readonly bool _readErrors; // immutable
    private byte[] _buffer = []; // Guarded by: the baton

    private ModelWorld(ulong seed, SeededScheduler scheduler, NativePool pool)
    {
        var shape = new SeededRandom(seed ^ 0xA110C);
        scheduler.Begin(seed, shape.Pick([0, 10, 50, 200]));
        _random = scheduler.Random;
        _readErrors = shape.Chance(100);
        _pageShift = shape.Chance(150) ? 14 : 12;
        var pageFrames = 1 << (_pageShift - 12);
        var roomPages = shape.Pick([3, 8, 20, 40, 70, 100]);
        _pinnedPagesMax = roomPages / 4;
        _host = new SimulatedHost(scheduler, pool, new HostSettings
        {
            RoomFrames = Math.Min(512, roomPages * pageFrames),
            ThreadCount = shape.Between(2, 5),
            DeviceFrames = shape.Chance(500) ? [1024] : [64, 1024],
            CoherentFrames = shape.Chance(200) ? 64 : 0,
        });
        foreach (var device in _host.Devices)
        {
            device.Encodes = seed % 2 == 0;
            device.Faults.InlinePermille = shape.Pick([0, 300, 1000]);
            device.Faults.ReadErrorPermille = _readErrors ? 50 : 0;
        }

        _script = new ScriptThread(scheduler, "script");
    }

    /// <summary>Runs one seed.</summary>
    public static void Run(ulong seed, SeededScheduler scheduler, NativePool pool)
    {
        using var world = new ModelWorld(seed, scheduler, pool);
        world.Populate();
        scheduler.Run();
    }

    public void Dispose() => _host.Dispose();

    private void Populate()
    {
        var count = _random.Between(1, 3);
        for (var i = 0; i < count; i++)
        {
            Open();
        }

        _host.SpawnServices();
        _host.Scheduler.Spawn("script", Script);
    }

    private void Open()
    {
        var kind = (RangeKind)_random.Next(3);
        var pages = _random.Between(1, _pageShift == 12 ? 64 : 24);
        var file = kind == RangeKind.Anonymous ? null : _host.AddFile(pages, _pageShift);
        _ranges.Add(new ModelRange(_host.Open(kind, pages, _pageShift, file)));
    }

    private void Script()
    {
        var operations = _random.Between(5, 40);
        for (var i = 0; i < operations; i++)
        {
            Do();
        }

        foreach (var device in _host.Media)
        {
            device.Faults.ReadErrorPermille = 0;
        }

        foreach (var range in _ranges)
        {
            Verify(range);
        }

        _host.WaitQuiet();
        _host.VerifyQuiet();
        foreach (var range in _ranges)
        {
            CloseAndVerifyFile(range);
        }

        _host.VerifyEmpty();
        _host.Stop();
    }

    private void Do()
    {
        var index = _random.Next(_ranges.Count);
        var range = _ranges[index];
        var first = _random.Next(range.PageCount);
        var count = _random.Between(1, Math.Min(24, range.PageCount - first));
        switch (_random.Next(14))
        {
            case 0 or 1 or 2:
                StoreSpan(range, first, count);
                break;
            case 3 or 4:
                LoadSpan(range, first, count);
                break;
            case 5:
                StoreZeros(range, first, count);
                break;
            case 6:
                DontNeed(range, first, count);
                break;
            case 7:
                _host.Manager.Operations.Prefetch(range.Opened.Range, first, count);
                break;
            case 8:
                _host.Manager.Operations.WillWrite(range.Opened.Range, first, count);
                break;
            case 9:
                Pin(range, first, count);
                break;
            case 10:
                Unpin(range);
                break;
            case 11:
                Flush(range, first, count);
                break;
            case 12:
                range.Opened.Range.Advice = (Advice)_random.Next(3);
                break;
            case 13 when _random.Chance(300):
                CloseAndVerifyFile(range);
                _ranges.RemoveAt(index);
                Open();
                break;
        }
    }

    private void StoreSpan(ModelRange range, int first, int count)
    {
        for (var page = first; page < first + count; page++)
        {
            var offset = _random.Next(range.PageSizeBytes);
            var length = _random.Between(1, Math.Min(64, range.PageSizeBytes - offset));
            var bytes = Buffer(length);
            for (var i = 0; i < length; i++)
            {
                bytes[i] = (byte)_random.Next(256);
            }

            if (Went(range, page, _script.Store(range.Opened.Memory, page, offset, bytes)))
            {
                bytes.CopyTo(range.Page(page)[offset..]);
            }
        }
    }

    private void StoreZeros(ModelRange range, int first, int count)
    {
        for (var page = first; page < first + count; page++)
        {
            var bytes = Buffer(range.PageSizeBytes);
            bytes.Clear();
            if (Went(range, page, _script.Store(range.Opened.Memory, page, 0, bytes)))
            {
                range.Page(page).Clear();
            }
        }
    }

    private void LoadSpan(ModelRange range, int first, int count)
    {
        for (var page = first; page < first + count; page++)
        {
            var bytes = Buffer(range.PageSizeBytes);
            if (Went(range, page, _script.Load(range.Opened.Memory, page, 0, bytes)))
            {
                Compare(range, page, bytes, "loads");
            }
        }
    }

    private void DontNeed(ModelRange range, int first, int count)
    {
        var end = first + count;
        var pinned = first;
        while (pinned < end && range.Pins[pinned] == 0)
        {
            pinned++;
        }

        try
        {
            _host.Manager.Operations.DontNeed(range.Opened.Range, first, count);
            Assert.Equal(end, pinned);
        }
        catch (HmmException exception) when (exception.Errno == Errno.EBUSY)
        {
            Assert.NotEqual(end, pinned);
        }

        for (var page = first; page < pinned && range.Kind != RangeKind.FileShared; page++)
        {
            range.Forget(page);
        }
    }

    private void Pin(ModelRange range, int first, int count)
    {
        count = Math.Min(count, _pinnedPagesMax - _ranges.Sum(static other => other.Pins.Sum()));
        if (count <= 0)
        {
            return;
        }

        try
        {
            _host.Manager.Operations.Pin(range.Opened.Range, first, count);
        }
        catch (HmmException exception) when (_readErrors && exception.Errno == Errno.EIO)
        {
            return;
        }

        for (var page = first; page < first + count; page++)
        {
            range.Pins[page]++;
            Assert.True(range.Opened.Memory.Look(page).IsPresent, "a pinned page is present");
        }
    }

    private void Unpin(ModelRange range)
    {
        var first = Array.FindIndex(range.Pins, static pins => pins > 0);
        if (first < 0)
        {
            var exception = Assert.Throws<HmmException>(() => _host.Manager.Operations.Unpin(range.Opened.Range, 0, 1));
            Assert.Equal(Errno.EINVAL, exception.Errno);
            return;
        }

        var count = 0;
        for (var page = first; page < range.PageCount && range.Pins[page] > 0; page++, count++)
        {
            Assert.True(range.Opened.Memory.Look(page).IsPresent, "a pinned page stays present");
            range.Pins[page]--;
        }

        _host.Manager.Operations.Unpin(range.Opened.Range, first, count);
    }

    private void Flush(ModelRange range, int first, int count)
    {
        _host.Manager.Operations.Flush(range.Opened.Range, first, count);
        for (var page = first; page < first + count && range.Kind == RangeKind.FileShared; page++)
        {
            Compare(range, page, range.Opened.File!.Page(page), "finds in the file after a flush");
        }
    }

    /// <summary>Closes a range; a shared file then has every byte, a private one is as it was.</summary>
    private void CloseAndVerifyFile(ModelRange range)
    {
        var before = range.Kind == RangeKind.FilePrivate
            ? range.Opened.File!.Device.Content(0, (range.PageCount * range.PageSizeBytes) >> 12).ToArray() : [];
        _host.Manager.Operations.Flush(range.Opened.Range, 0, range.PageCount);
        _host.Close(range.Opened);
        for (var page = 0; page < range.PageCount && range.Kind == RangeKind.FileShared; page++)
        {
            Compare(range, page, range.Opened.File!.Page(page), "finds in the file after the range was closed");
        }

        Assert.Equal(before, before.Length == 0 ? []
            : range.Opened.File!.Device.Content(0, before.Length >> 12).ToArray());
    }

    private void Verify(ModelRange range)
    {
        for (var page = 0; page < range.PageCount; page++)
        {
            var bytes = Buffer(range.PageSizeBytes);
            while (!Went(range, page, _script.Load(range.Opened.Memory, page, 0, bytes)))
            {
                DontNeed(range, page, 1);
            }

            Compare(range, page, bytes, "loads at the end");
        }
    }

    /// <summary>
    /// Whether a touch happened. One may fail where devices fail; then its page may be dropped, and is what it was at
    /// first.
    /// </summary>
    private bool Went(ModelRange range, int page, TouchOutcome outcome)
    {
        if (outcome == TouchOutcome.Fails && _readErrors)
        {
            // Busy: the kernel has the poison, its state is not published yet.
            Assert.Contains(
                range.Opened.Range.Table.Read(page).State, (PageState[])[PageState.Poisoned, PageState.Busy]);
            if (_random.Chance(500))
            {
                DontNeed(range, page, 1);
            }

            return false;
        }

        Assert.Equal(TouchOutcome.Done, outcome);
        return true;
    }

    private static void Compare(ModelRange range, long page, ReadOnlySpan<byte> found, string how)
    {
        var expected = range.Page(page);
        var at = expected.CommonPrefixLength(found);
        if (at < expected.Length)
        {
            throw new ScheduleException(
                $"wrong bytes: the script {how} {found[at]} at byte {at} of page {page} of {range.Opened.Memory.Name} "
                + $"({range.Kind}), the array has {expected[at]}");
        }
    }

    private Span<byte> Buffer(int length)
    {
        if (_buffer.Length < length)
        {
            _buffer = new byte[length];
        }

        return _buffer.AsSpan(0, length);
    }
}
