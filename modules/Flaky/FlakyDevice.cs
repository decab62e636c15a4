// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using System.Diagnostics;
using Hmm.Core;
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Uapi;

namespace Hmm.Modules.Flaky;

/// <summary>
/// Another device's memory, seen through bad luck: each segment is late by a random time, so that completions come out
/// of order, some segments fail or stall, and some frames are turned down. Bytes are never wrong. It is there to test
/// the system with, on any driver.
/// </summary>
/// <remarks>
/// Threads: hooks from any; one thread of its own starts what is due. The seed decides the lots in the order in which
/// they are drawn, and threads draw as they come.
/// </remarks>
internal sealed class FlakyDevice : IDriverDevice
{
    private readonly IDriverDevice _below; // immutable
    private readonly FlakyOptions _options; // immutable
    private readonly ConcurrentBag<FlakyCopy> _free = []; // Guarded by: itself
    private readonly object _gate = new();
    private readonly PriorityQueue<FlakyCopy, long> _due = new(); // Guarded by: _gate
    private readonly Thread _thread; // immutable
    private readonly SemaphoreSlim _writes = new(CopyBatch.EvictionsMax); // Guarded by: itself
    private bool _closing; // Guarded by: _gate
    private ulong _lots; // Guarded by: atomic

    public FlakyDevice(IDriverDevice below, FlakyOptions options, string name)
    {
        _below = below;
        _options = options;
        _lots = options.Seed;
        _thread = new Thread(Run) { IsBackground = true, Name = $"hmm-flaky-{name}" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public ulong SizeBytes => _below.SizeBytes;

    // Private memory even over coherent memory, which the core would read without asking: then nothing could fail.

    /// <inheritdoc/>
    public void Attach(DeviceMemory memory, Pfn first) => _below.Attach(memory, first);

    /// <inheritdoc/>
    public void Fault(CopyBatch batch) => Take(batch, isWrite: false, _options.ReadErrorPermille);

    /// <inheritdoc/>
    public void Evict(CopyBatch batch) => Take(batch, isWrite: true, _options.WriteErrorPermille);

    /// <inheritdoc/>
    public void Free(Pfn first, int frameCount) => _below.Free(first, frameCount);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
        _below.Dispose();
        _writes.Dispose();
    }

    /// <summary>Whether a frame that was written is turned down all the same.</summary>
    internal bool Refuses() => Draw(1000) < (uint)_options.RefusePermille;

    /// <summary>A segment is done with the device below, and its place can be used again.</summary>
    internal void GiveBack(FlakyCopy copy)
    {
        if (copy.IsWrite)
        {
            _writes.Release();
        }

        _free.Add(copy);
    }

    private void Take(CopyBatch batch, bool isWrite, int errorPermille)
    {
        // The last completion may recycle the batch while this loop still runs: everything is read before.
        for (int i = 0, count = batch.Count; i < count; i++)
        {
            var copy = _free.TryTake(out var free) ? free : new FlakyCopy(this);
            copy.Take(batch, i, isWrite, Draw(1000) < (uint)errorPermille ? Errno.EIO : Errno.None);
            Delay(copy, isWrite ? _options.WriteStallPermille : _options.ReadStallPermille);
        }
    }

    private void Delay(FlakyCopy copy, int stallPermille)
    {
        var ticks = Draw((uint)_options.DelayUsMax + 1) * Stopwatch.Frequency / 1_000_000;
        if (stallPermille > 0 && Draw(1000) < (uint)stallPermille)
        {
            ticks += _options.StallMs * Stopwatch.Frequency / 1000;
        }

        lock (_gate)
        {
            _due.Enqueue(copy, Stopwatch.GetTimestamp() + ticks);
            Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        try
        {
            while (TryNext(out var copy))
            {
                if (copy.IsWrite)
                {
                    // One batch becomes several here, and the device below is promised no more than these at a time.
                    _writes.Wait();
                }

                copy.Start(_below);
            }
        }
        catch (Exception exception)
        {
            // What it had taken is never completed, and its pages belong to nobody.
            Corruption.Fail($"a flaky device's thread failed: {exception}");
        }
    }

    private bool TryNext(out FlakyCopy copy)
    {
        lock (_gate)
        {
            while (true)
            {
                if (!_due.TryPeek(out copy!, out var due))
                {
                    if (_closing)
                    {
                        return false;
                    }

                    Monitor.Wait(_gate);
                    continue;
                }

                var early = due - Stopwatch.GetTimestamp();
                if (early <= 0)
                {
                    _due.Dequeue();
                    return true;
                }

                // Rounded up, or it would spin through the last millisecond.
                Monitor.Wait(_gate, (int)((early * 1000 / Stopwatch.Frequency) + 1));
            }
        }
    }

    /// <summary>A number from 0 on, below <paramref name="end"/> (Steele et al.: SplitMix64).</summary>
    private long Draw(uint end)
    {
        var bits = Interlocked.Add(ref _lots, 0x9E37_79B9_7F4A_7C15);
        bits = (bits ^ (bits >> 30)) * 0xBF58_476D_1CE4_E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D0_49BB_1331_11EB;
        return (long)((UInt128)(bits ^ (bits >> 31)) * end >> 64);
    }
}
