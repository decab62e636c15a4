// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Bench.Suite;

/// <summary>
/// Hosts and ranges at one point of an axis: always the same number of pages in use, however many ranges, sessions,
/// devices or bytes of address space they are spread over.
/// </summary>
internal sealed unsafe class ScaleSetting : IDisposable
{
    /// <summary>128 MiB.</summary>
    internal const int Pages = 32768;

    /// <summary>An eighth of that: nearly every access faults.</summary>
    internal const long BudgetBytes = 16 << 20;

    private const int PageBytes = 4096;
    private const long DeviceBytes = 256 << 20;
    private readonly Stack<IDisposable> _open = []; // owner thread
    private readonly List<nint> _pages = new(Pages); // owner thread

    private ScaleSetting()
    {
    }

    /// <summary>The address of each page in use.</summary>
    internal IReadOnlyList<nint> Addresses => _pages;

    internal int HostProcessId { get; private set; }

    /// <summary>One host of its own, with so many devices.</summary>
    internal static ScaleSetting WithDevices(int devices) =>
        Build(setting => setting.AddRanges(setting.Start(devices), ranges: 1));

    /// <summary>One range so long, its pages in use spread evenly.</summary>
    internal static ScaleSetting WithLength(long bytes) => Build(setting =>
        setting.AddRange(setting.Start(devices: 1), bytes, Pages));

    internal static ScaleSetting WithRanges(int ranges) => Build(setting =>
        setting.AddRanges(setting.Start(devices: 1), ranges));

    /// <summary>So many connections to a host that listens, each with a range.</summary>
    internal static ScaleSetting WithSessions(int sessions, string socketPath) => Build(setting =>
    {
        for (var i = 0; i < sessions; i++)
        {
            var host = setting.Opened(HmmHost.Connect(socketPath));
            setting.HostProcessId = host.HostProcessId;
            setting.AddRange(host, (long)Pages / sessions * PageBytes, Pages / sessions);
        }
    });

    /// <summary>The device of a host that is started by hand.</summary>
    internal static string DeviceText(int devices) => $"memory,size={DeviceBytes / devices}";

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_open.TryPop(out var opened))
        {
            opened.Dispose();
        }
    }

    private static ScaleSetting Build(Action<ScaleSetting> body)
    {
        var setting = new ScaleSetting();
        try
        {
            body(setting);
            return setting;
        }
        catch
        {
            setting.Dispose();
            throw;
        }
    }

    private HmmHost Start(int devices)
    {
        var options = new HmmHostOptions { BudgetBytes = BudgetBytes, ApplicationName = "hmm bench" };
        for (var i = 0; i < devices; i++)
        {
            options.Devices.Add(DeviceText(devices));
        }

        var host = Opened(HmmHost.Start(options));
        HostProcessId = host.HostProcessId;
        return host;
    }

    private void AddRanges(HmmHost host, int ranges)
    {
        for (var i = 0; i < ranges; i++)
        {
            AddRange(host, (long)Pages / ranges * PageBytes, Pages / ranges);
        }
    }

    private void AddRange(HmmHost host, long bytes, int pages)
    {
        var array = Opened(host.Allocate<byte>(bytes));
        var stride = bytes / pages / PageBytes * PageBytes;
        for (var i = 0; i < pages; i++)
        {
            _pages.Add((nint)array.Pointer + (nint)(i * stride));
        }
    }

    private T Opened<T>(T disposable)
        where T : IDisposable
    {
        _open.Push(disposable);
        return disposable;
    }
}
