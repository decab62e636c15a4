// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;
using Hmm.Uapi;

namespace Hmm.Cli.Bench.Spaces;

/// <summary>A range in a private host: of a file, or on devices.</summary>
internal sealed unsafe class RangeSpace : IBenchSpace
{
    private readonly HmmHost _host; // immutable
    private readonly HmmArray<ulong> _array; // immutable
    private readonly bool _isFile; // immutable
    private readonly HmmTrace? _trace; // immutable

    private RangeSpace(HmmHost host, HmmArray<ulong> array, BenchPlan plan)
    {
        _host = host;
        _array = array;
        _isFile = plan.IsOnFile;
        _trace = plan.TracePath.Length > 0 ? host.StartTrace(plan.TracePath, plan.TraceMode) : null;
    }

    /// <inheritdoc/>
    public nint Address => (nint)_array.Pointer;

    /// <inheritdoc/>
    public long Pages => _array.Length / PageWriter.PageWords;

    /// <inheritdoc/>
    public ulong ResidentBytes => (ulong)_array.ResidentBytes;

    /// <inheritdoc/>
    public Statistics Statistics => _array.Statistics;

    /// <inheritdoc/>
    public int HostProcessId => _host.HostProcessId;

    internal static RangeSpace Open(BenchPlan plan)
    {
        var options = new HmmHostOptions
        {
            BudgetBytes = plan.BudgetBytes,
            DeviceFolder = plan.DeviceFolder,
            SpinTime = plan.SpinTime,
            IdlePoll = plan.IdlePoll,
            ApplicationName = "hmm bench",
        };
        foreach (var device in plan.Devices)
        {
            options.Devices.Add(device);
        }

        var host = HmmHost.Start(options);
        try
        {
            var range = new HmmRangeOptions { Name = plan.Pattern.Name(), Advice = plan.Advice };
            var array = plan.IsOnFile
                ? host.MapFile<ulong>(plan.FilePath, plan.Writes ? HmmMapMode.Shared : HmmMapMode.Private, range)
                : host.Allocate<ulong>(plan.SizeBytes / sizeof(ulong), range);
            return new RangeSpace(host, array, plan);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Prefetch(ReadOnlySpan<long> words) => _array.Prefetch(words);

    /// <inheritdoc/>
    public void BeginMeasuring() => _trace?.Mark();

    /// <inheritdoc/>
    public void EndMeasuring(long accesses) => _trace?.Stop(accesses);

    /// <inheritdoc/>
    public void Flush()
    {
        if (_isFile)
        {
            _array.Flush();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _trace?.Dispose();
        _array.Dispose();
        _host.Dispose();
    }
}
