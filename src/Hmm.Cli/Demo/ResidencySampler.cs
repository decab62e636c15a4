// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;

namespace Hmm.Cli.Demo;

/// <summary>
/// Reads how much DRAM the kernel counts for a range, every 10 ms on a thread of its own, and keeps
/// the peak.
/// </summary>
internal sealed class ResidencySampler : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    private readonly IDemoRange _range; // immutable
    private readonly ManualResetEventSlim _stop = new(); // atomic
    private readonly Thread _thread; // immutable
    private ulong _peakBytes; // atomic; written by the sampling thread
    private long _samples; // atomic; written by the sampling thread
    private long _longestGapTicks; // atomic; written by the sampling thread

    internal ResidencySampler(IDemoRange range)
    {
        _range = range;
        // Above normal: on a machine with few cores the sort would otherwise stretch the gaps
        // between two readings.
        _thread = new Thread(Run) { IsBackground = true, Name = "hmm-sampler", Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>The largest reading so far, in bytes.</summary>
    internal ulong PeakBytes => Volatile.Read(ref _peakBytes);

    /// <summary>How many readings.</summary>
    internal long Samples => Volatile.Read(ref _samples);

    /// <summary>The longest time between two readings.</summary>
    internal TimeSpan LongestGap => Stopwatch.GetElapsedTime(0, Volatile.Read(ref _longestGapTicks));

    /// <summary>Takes a last reading and ends the thread.</summary>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        var last = Stopwatch.GetTimestamp();
        bool stopping;
        do
        {
            stopping = _stop.Wait(Interval);
            var resident = _range.ResidentBytes;
            var now = Stopwatch.GetTimestamp();
            Volatile.Write(ref _peakBytes, Math.Max(_peakBytes, resident));
            Volatile.Write(ref _longestGapTicks, Math.Max(_longestGapTicks, now - last));
            Volatile.Write(ref _samples, _samples + 1);
            last = now;
        }
        while (!stopping);
    }
}
