// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Modules.Loading;
using Hmm.Linux;
using Hmm.Pmem;

namespace Hmm.Conformance;

/// <summary>A module, loaded by a host's loader and rules, and the driver of it that is tested.</summary>
internal sealed class DriverUnderTest
{
    private readonly ModuleLoader _loader; // immutable
    private readonly string _module; // immutable
    private readonly string _driver; // immutable

    private DriverUnderTest(ConformanceOptions options, Watch watch, ModuleLoader loader, string module, string driver)
    {
        Options = options;
        Watch = watch;
        _loader = loader;
        _module = module;
        _driver = driver;
        Parameters = ParametersOf(options);
    }

    public ConformanceOptions Options { get; }

    public Watch Watch { get; }

    /// <summary>The driver's name.</summary>
    public string Name => _driver;

    /// <summary>The module's name.</summary>
    public string Module => _module;

    /// <summary>What its devices are told.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; }

    /// <summary>What the driver says that its devices can be told.</summary>
    public IReadOnlyList<ParameterInfo> Declared => _loader.Drivers.Get(_driver).Driver.Parameters;

    /// <summary>Loads the module.</summary>
    /// <exception cref="HmmException">It is refused, or its init failed.</exception>
    /// <exception cref="ConformanceException">It offers no driver, or several.</exception>
    public static DriverUnderTest Load(ConformanceOptions options, Watch watch)
    {
        var folders = options.Modules.Append(options.Path)
            .Select(static path => Path.GetDirectoryName(Path.GetFullPath(path))!)
            .Distinct(StringComparer.Ordinal)
            .Select(static folder => new ModuleFolder(folder, InTree: false));
        var loader = new ModuleLoader(new ModuleLoaderOptions
        {
            Folders = [.. folders],
            SharedAssemblies = [typeof(UserfaultFd).Assembly, typeof(PmemStore).Assembly],
            CallDeadline = options.Deadline,
        });
        foreach (var other in options.Modules)
        {
            loader.Load(Path.GetFullPath(other));
        }

        var module = loader.Load(Path.GetFullPath(options.Path)).Name;
        var offered = loader.Drivers.Snapshot()
            .Where(driver => driver.Module == module && (options.Driver is null || driver.Name == options.Driver))
            .ToList();
        return offered is [var only]
            ? new DriverUnderTest(options, watch, loader, module, only.Name)
            : throw new ConformanceException(
                offered.Count == 0
                    ? $"module {module} offers no driver{(options.Driver is null ? "" : $" '{options.Driver}'")}; its "
                        + "init must call ModuleContext.RegisterDriver"
                    : $"module {module} offers {string.Join(", ", offered.Select(driver => driver.Name))}; name one");
    }

    /// <summary>Takes the driver into use.</summary>
    public DriverLease Acquire(string device) => _loader.AcquireDriver(_driver, $"device {device}");

    /// <summary>Unloads the module and loads it again.</summary>
    public void Reload()
    {
        _loader.Unload(_module);
        if (_loader.Drivers.Snapshot().Any(driver => driver.Module == _module))
        {
            throw new ConformanceException("the module was unloaded, and still offers a driver");
        }

        _loader.Load(Path.GetFullPath(Options.Path));
    }

    private Dictionary<string, string> ParametersOf(ConformanceOptions options)
    {
        var parameters = new Dictionary<string, string>(options.Parameters, StringComparer.Ordinal);
        var size = Declared.FirstOrDefault(static parameter => parameter.Name == "size");
        if (size?.Type == ModuleParameterType.Size)
        {
            parameters.TryAdd("size", ConformanceOptions.SizeDefault);
        }

        return parameters;
    }
}
