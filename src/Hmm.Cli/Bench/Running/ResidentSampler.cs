// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Bench.Spaces;

namespace Hmm.Cli.Bench.Running;

/// <summary>Reads every 10 ms how much DRAM the kernel counts for a space, and keeps the most.</summary>
internal sealed class ResidentSampler : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);
    private readonly IBenchSpace _space; // immutable
    private readonly ManualResetEventSlim _stop = new(); // atomic
    private readonly Thread _thread; // immutable
    private ulong _peakBytes; // atomic; written by the sampling thread

    internal ResidentSampler(IBenchSpace space)
    {
        _space = space;
        _thread = new Thread(Run) { IsBackground = true, Name = "hmm-sampler" };
        _thread.Start();
    }

    internal ulong PeakBytes => Volatile.Read(ref _peakBytes);

    /// <summary>Takes a last reading and ends the thread.</summary>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        bool stopping;
        do
        {
            stopping = _stop.Wait(Interval);
            Volatile.Write(ref _peakBytes, Math.Max(_peakBytes, _space.ResidentBytes));
        }
        while (!stopping);
    }
}
