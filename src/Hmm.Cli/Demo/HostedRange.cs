// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Uapi;

namespace Hmm.Cli.Demo;

/// <summary>
/// The demo's range in a private host of its own: what an application would write. A persistent one can change its host
/// in the middle; its counters go on.
/// </summary>
/// <remarks>Threads: the demo's uses the range; others look at it, and wait while it changes its host.</remarks>
internal sealed class HostedRange : IPersistentDemoRange, IDisposable
{
    /// <summary>What the range is called, in reports and in a persistent file.</summary>
    internal const string PersistentName = "demo";

    // Detection is at most this late. It must win against the next collection: a thread that waits
    // for a page of a host that is gone never reaches a safe point, and a collection would wait for
    // it for ever.
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _closing = new(); // atomic
    private readonly Lock _gate = new();
    private readonly DemoPlan _plan; // immutable
    private HmmHost _host; // Guarded by: _gate
    private HmmArray<byte> _array; // Guarded by: _gate; owner thread for reads
    private Statistics _before; // Guarded by: _gate; of the hosts before this one

    private HostedRange(DemoPlan plan)
    {
        _plan = plan;
        (_host, _array) = Start(plan);
        if (plan.TracePath.Length == 0)
        {
            return;
        }

        try
        {
            _host.StartTrace(plan.TracePath, plan.TraceMode); // until this host ends
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public long LengthBytes => _array.Length;

    /// <inheritdoc/>
    public ulong ResidentBytes
    {
        get
        {
            lock (_gate)
            {
                return (ulong)_array.ResidentBytes;
            }
        }
    }

    /// <inheritdoc/>
    public Statistics Statistics
    {
        get
        {
            lock (_gate)
            {
                return Sum(_before, _array.Statistics);
            }
        }
    }

    /// <summary>Starts the host and makes the range. Ends both when disposed.</summary>
    /// <exception cref="HmmException">
    /// The host cannot start, or there is no userfaultfd.
    /// </exception>
    internal static HostedRange Create(DemoPlan plan) => new(plan);

    /// <inheritdoc/>
    public Span<byte> Span(long start, int length) => _array.Span(start, length);

    /// <inheritdoc/>
    public ResidencyCell[] Residency(int cells)
    {
        lock (_gate)
        {
            return _array.Residency(cells);
        }
    }

    /// <inheritdoc/>
    public void Checkpoint() => _array.Checkpoint();

    /// <inheritdoc/>
    public void Reopen()
    {
        lock (_gate)
        {
            _before = Sum(_before, _array.Statistics);
            _array.Dispose();
            _host.Dispose();
            (_host, _array) = Start(_plan);
        }
    }

    /// <summary>
    /// Completes when the host has gone by itself; is cancelled when this object is disposed.
    /// </summary>
    internal async Task HostLostAsync()
    {
        using var timer = new PeriodicTimer(WatchInterval);
        while (IsConnected())
        {
            await timer.WaitForNextTickAsync(_closing.Token).ConfigureAwait(false);
        }

        _closing.Token.ThrowIfCancellationRequested();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closing.Cancel();
        _array.Dispose();
        _host.Dispose();
        DeleteFile(_plan);
    }

    private static (HmmHost Host, HmmArray<byte> Array) Start(DemoPlan plan)
    {
        var options = new HmmHostOptions
        {
            BudgetBytes = (long)plan.BudgetBytes,
            DeviceFolder = plan.DeviceFolder,
            DeviceSizeBytes = plan.DeviceSizeBytes,
            ApplicationName = "hmm demo",
        };
        foreach (var device in plan.Devices)
        {
            options.Devices.Add(device);
        }

        if (plan.PmemFile is { } file)
        {
            options.Devices.Add(string.Create(
                CultureInfo.InvariantCulture, $"pmem,file={file},size={plan.PmemSizeBytes},keep=1"));
        }

        HmmHost? host = null;
        try
        {
            host = HmmHost.Start(options);
            return (host, plan.PmemFile is null
                ? host.Allocate<byte>(plan.Data.PaddedBytes, new HmmRangeOptions { Name = PersistentName })
                : host.Open<byte>(PersistentName, plan.Data.PaddedBytes));
        }
        catch
        {
            host?.Dispose();
            DeleteFile(plan);
            throw;
        }
    }

    private static void DeleteFile(DemoPlan plan)
    {
        if (plan.PmemFile is { } file && !plan.KeepsPmemFile)
        {
            File.Delete(file);
        }
    }

    /// <summary>The counters of both; what is now, as it is.</summary>
    private static Statistics Sum(in Statistics before, Statistics now)
    {
        now.Faults += before.Faults;
        now.WriteProtectFaults += before.WriteProtectFaults;
        now.DuplicateFaults += before.DuplicateFaults;
        now.FilledPages += before.FilledPages;
        now.PrefetchedPages += before.PrefetchedPages;
        now.EvictedPages += before.EvictedPages;
        now.BytesIn += before.BytesIn;
        now.BytesOut += before.BytesOut;
        now.MemoryWaits += before.MemoryWaits;
        now.DeviceErrors += before.DeviceErrors;
        return now;
    }

    private bool IsConnected()
    {
        lock (_gate)
        {
            return _host.IsConnected;
        }
    }
}
