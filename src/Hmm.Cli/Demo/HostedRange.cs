// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Cli.Demo;

/// <summary>
/// The demo's range in a private host of its own: what an application would write.
/// </summary>
internal sealed class HostedRange : IDemoRange, IDisposable
{
    // Detection is at most this late. It must win against the next collection: a thread that waits
    // for a page of a host that is gone never reaches a safe point, and a collection would wait for
    // it for ever.
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _closing = new(); // atomic
    private readonly HmmHost _host; // immutable
    private readonly HmmArray<byte> _array; // immutable

    private HostedRange(HmmHost host, HmmArray<byte> array)
    {
        _host = host;
        _array = array;
    }

    /// <inheritdoc/>
    public long LengthBytes => _array.Length;

    /// <inheritdoc/>
    public ulong ResidentBytes => (ulong)_array.ResidentBytes;

    /// <inheritdoc/>
    public Statistics Statistics => _array.Statistics;

    /// <summary>Starts the host and allocates the range. Ends both when disposed.</summary>
    /// <exception cref="HmmException">
    /// The host cannot start, or there is no userfaultfd.
    /// </exception>
    internal static HostedRange Create(DemoPlan plan)
    {
        var hostOptions = new HmmHostOptions
        {
            BudgetBytes = (long)plan.BudgetBytes,
            DeviceFolder = plan.DeviceFolder,
            DeviceSizeBytes = plan.DeviceSizeBytes,
            ApplicationName = "hmm demo",
        };
        foreach (var device in plan.Devices)
        {
            hostOptions.Devices.Add(device);
        }

        var host = HmmHost.Start(hostOptions);
        try
        {
            if (plan.TracePath.Length > 0)
            {
                host.StartTrace(plan.TracePath, plan.TraceMode); // Until the host ends.
            }

            var options = new HmmRangeOptions { Name = "demo" };
            return new HostedRange(host, host.Allocate<byte>(plan.Data.PaddedBytes, options));
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Span<byte> Span(long start, int length) => _array.Span(start, length);

    /// <inheritdoc/>
    public ResidencyCell[] Residency(int cells) => _array.Residency(cells);

    /// <summary>
    /// Completes when the host has gone by itself; is cancelled when this object is disposed.
    /// </summary>
    internal async Task HostLostAsync()
    {
        using var timer = new PeriodicTimer(WatchInterval);
        while (_host.IsConnected)
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
    }
}
