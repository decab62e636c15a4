// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Modules.Block;

namespace Hmm.Benchmarks.Block;

/// <summary>
/// A block device, made as the host makes it, and driven as the core drives it: one thread hands over batches, and gets
/// them back from the thread that completes them.
/// </summary>
internal sealed unsafe class BlockRun : IDisposable
{
    private const int DepthMax = 32;
    private const int PagesMax = 64;
    private const int ReadMs = 3000;

    private readonly Device _owner;
    private readonly IDriverDevice _device;
    private readonly DeviceMemory _memory;
    private readonly Pfn _first;
    private readonly int _frames;
    private readonly void* _buffers;
    private readonly BlockingCollection<BenchBatch> _done = [];
    private readonly BenchBatch[] _batches = new BenchBatch[DepthMax];
    private readonly Random _random = new(1);
    private int _held;

    public BlockRun(string path, ulong sizeBytes, bool encrypt)
    {
        var physical = new PhysicalMemory(1 << 20);
        _buffers = NativeMemory.AlignedAlloc(DepthMax * PagesMax << 12, 4096);
        physical.CopyBuffers = [new CopyBuffers((nint)_buffers, PagesMax << 12, PagesMax << 12, DepthMax)];
        new Random(2).NextBytes(new Span<byte>(_buffers, DepthMax * PagesMax << 12));
        for (var i = 0; i < DepthMax; i++)
        {
            _batches[i] = new BenchBatch((nint)_buffers + (i * PagesMax << 12), _done);
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
        _first = Pfn.FromAddress(_memory.PageMap.Spans[0].Start);
        _device.Attach(_memory, _first);
        _frames = (int)(_device.SizeBytes >> 12) / PagesMax * PagesMax;
        FileBytes = (ulong)new FileInfo(path).Length;
    }

    public string Description => _device.Description;

    public ulong FileBytes { get; }

    /// <summary>Transfers a second. The write fills the device once; the reads go on for three seconds.</summary>
    public double Run(BlockCase what)
    {
        var count = 0L;
        var start = Stopwatch.StartNew();
        for (var i = 0; i < what.Depth; i++)
        {
            Start(_batches[i], what, count++);
        }

        var ended = 0L;
        while (ended < count)
        {
            var batch = _done.Take();
            batch.Check();
            ended++;
            if (what.Write ? _held < _frames : start.ElapsedMilliseconds < ReadMs)
            {
                Start(batch, what, count++);
            }
        }

        return ended / start.Elapsed.TotalSeconds;
    }

    /// <summary>Frees every frame.</summary>
    public void Forget()
    {
        _memory.PageMap.Put(_first, _frames);
        _held = 0;
    }

    public void Dispose()
    {
        if (_held > 0)
        {
            Forget();
        }

        _owner.Remove();
        _done.Dispose();
        NativeMemory.AlignedFree(_buffers);
    }

    private void Start(BenchBatch batch, BlockCase what, long number)
    {
        if (what.Write)
        {
            if (!_memory.TryAllocateRun(what.Pages, out var frame, out var got) || got != what.Pages)
            {
                throw new InvalidOperationException("the device has no run of frames left");
            }

            _held += got;
            _device.Evict(batch.Give(frame, got));
            return;
        }

        var runs = _frames / what.Pages;
        var run = what.Random ? _random.Next(runs) : (int)(number % runs);
        _device.Fault(batch.Give(_first + (run * what.Pages), what.Pages));
    }
}
