// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Modules.Block;

namespace Hmm.Benchmarks.Block;

/// <summary>
/// A block device, made as the host makes it, and driven as the core drives it: what leaves is handed over by one
/// thread and comes back from the one that completes it; what comes in is asked for and completed by one thread, that
/// of faults or that of prefetch, with a ring of its own.
/// </summary>
internal sealed unsafe class BlockRun : IDisposable
{
    private const int DepthMax = 32;
    private const int PagesMax = 64;
    private const int RunMs = 1000;

    private readonly Device _owner;
    private readonly IDriverDevice _device;
    private readonly DeviceMemory _memory;
    private readonly void* _buffers;
    private readonly BlockingCollection<BenchBatch> _done = [];
    private readonly BenchBatch[] _batches = new BenchBatch[DepthMax];
    private readonly Random _random = new(1);
    private readonly Pfn[] _runs; // what was written, in a circle
    private int _held;
    private int _oldest;

    public BlockRun(string path, ulong sizeBytes, bool encrypt)
    {
        var physical = new PhysicalMemory(1 << 20);
        _buffers = NativeMemory.AlignedAlloc(DepthMax * PagesMax << 12, 4096);
        physical.CopyBuffers = [new CopyBuffers((nint)_buffers, PagesMax << 12, DepthMax)];
        new Random(2).NextBytes(new Span<byte>(_buffers, DepthMax * PagesMax << 12));
        for (var i = 0; i < DepthMax; i++)
        {
            _batches[i] = new BenchBatch((nint)_buffers + (i * PagesMax << 12));
        }

        var driver = new BlockDriver(static _ => { });
        _device = driver.CreateDevice("bench", ParameterValues.Parse("block", driver.Parameters,
            new Dictionary<string, string>
            {
                ["path"] = path, ["size"] = $"{sizeBytes}", ["encrypt"] = encrypt ? "yes" : "no",
            }));
        _owner = new Device("bench", physical);
        _owner.Managed.Add(_device.Dispose, "device");
        _memory = DeviceMemory.Add(_device, _owner, _device.SizeBytes);
        _device.Attach(_memory, Pfn.FromAddress(_memory.PageMap.Spans[0].Start));

        // Short of what is under way, so that a write finds room before the oldest run is freed.
        _runs = new Pfn[((int)(_device.SizeBytes >> 12) / PagesMax) - DepthMax];
    }

    public string Description => _device.Description;

    /// <summary>
    /// How much of the file is written, from its start: a log fills it in order, and a disk is not asked for the rest,
    /// which the file system knows to be zero.
    /// </summary>
    public ulong WrittenBytes => (ulong)_runs.Length * PagesMax << 12;

    /// <summary>Writes every run, so that there is something to read.</summary>
    public void Fill()
    {
        while (_held < _runs.Length)
        {
            RunInTurns(new BlockCase("write", Random: false, Write: true, Pages: PagesMax, Depth: 8));
        }
    }

    /// <summary>Transfers a second, over one.</summary>
    public double Run(BlockCase what) => what.Write ? RunInTurns(what) : RunOnOneThread(what);

    public void Dispose()
    {
        while (_held > 0)
        {
            FreeOldest();
        }

        _owner.Remove();
        _done.Dispose();
        NativeMemory.AlignedFree(_buffers);
    }

    private double RunInTurns(BlockCase what)
    {
        var count = 0L;
        var start = Stopwatch.StartNew();
        for (var i = 0; i < what.Depth; i++)
        {
            _batches[i].Completed = _done.Add;
            Start(_batches[i], what, count++);
        }

        var ended = 0L;
        while (ended < count)
        {
            var batch = _done.Take();
            batch.Check();
            ended++;
            if (start.ElapsedMilliseconds < RunMs)
            {
                Start(batch, what, count++);
            }
        }

        return ended / start.Elapsed.TotalSeconds;
    }

    private double RunOnOneThread(BlockCase what)
    {
        using var epoll = Epoll.Create();
        using var end = EventFd.Create();
        epoll.Add(end, 0);
        using var ring = ThreadRing.TryCreate(epoll, out var whyNot) ?? throw new InvalidOperationException(whyNot);
        var (begun, ended) = (0L, 0L);
        var start = Stopwatch.StartNew();
        for (var i = 0; i < what.Depth; i++)
        {
            _batches[i].Completed = batch =>
            {
                batch.Check();
                ended++;
                if (start.ElapsedMilliseconds < RunMs)
                {
                    Start(batch, what, begun++);
                }
                else if (ended == begun)
                {
                    end.Signal();
                }
            };
            Start(_batches[i], what, begun++);
        }

        Span<EpollEvent> events = stackalloc EpollEvent[1];
        if (ring.Wait(events, out var error) != 1)
        {
            throw new InvalidOperationException($"the ring did not wait for the end ({error})");
        }

        return ended / start.Elapsed.TotalSeconds;
    }

    private void Start(BenchBatch batch, BlockCase what, long number)
    {
        if (what.Write)
        {
            if (_held == _runs.Length)
            {
                FreeOldest();
            }

            if (!_memory.TryAllocateRun(what.Pages, out var frame, out var got) || got != what.Pages)
            {
                throw new InvalidOperationException("the device has no run of frames left");
            }

            _runs[(_oldest + _held++) % _runs.Length] = frame;
            _device.Evict(batch.Give(frame, got));
            return;
        }

        var parts = PagesMax / what.Pages;
        var part = what.Random ? _random.Next(_held * parts) : (int)(number % (_held * parts));
        var run = _runs[(_oldest + (part / parts)) % _runs.Length];
        _device.Fault(batch.Give(run + (part % parts * what.Pages), what.Pages));
    }

    private void FreeOldest()
    {
        _memory.PageMap.Put(_runs[_oldest], PagesMax);
        _oldest = (_oldest + 1) % _runs.Length;
        _held--;
    }
}
