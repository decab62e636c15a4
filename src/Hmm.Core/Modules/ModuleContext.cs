// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules.Loading;
using Hmm.Core.Policies;
using Hmm.Uapi;

namespace Hmm.Core.Modules;

/// <summary>
/// What a module is given by <see cref="IModule.Init"/>: its parameters, and where it registers what must be undone.
/// </summary>
/// <remarks>
/// Thread-safety: all members may be called from any thread. After the module has ended, or its init has failed,
/// registering runs the undo at once and throws, so nothing leaks.
/// </remarks>
[ExportSymbol]
public sealed class ModuleContext
{
    private readonly UndoList _undo; // Guarded by: immutable (itself thread-safe)
    private readonly DriverRegistry _drivers; // Guarded by: immutable (itself thread-safe)
    private readonly Func<string, string, DriverLease> _acquire; // Guarded by: immutable
    private readonly ReclaimPolicyRegistry _policies; // Guarded by: immutable (itself thread-safe)
    private readonly Action<string> _log; // Guarded by: immutable

    internal ModuleContext(
        string moduleName,
        ParameterValues parameters,
        DriverRegistry drivers,
        ReclaimPolicyRegistry policies,
        Func<string, string, DriverLease> acquire,
        Action<string> log)
    {
        _policies = policies;
        ModuleName = moduleName;
        Parameters = parameters;
        _drivers = drivers;
        _acquire = acquire;
        _log = log;
        _undo = new UndoList($"module {moduleName}");
    }

    /// <summary>The module's name.</summary>
    public string ModuleName { get; }

    /// <summary>The module's parameters: a checked value for each that it declares.</summary>
    public ParameterValues Parameters { get; }

    internal UndoList Undo => _undo;

    /// <summary>
    /// Registers how to undo an acquisition that has just succeeded. The counterpart of
    /// <c>devm_add_action_or_reset</c>: if it cannot be registered, <paramref name="undo"/> runs at once.
    /// </summary>
    /// <param name="what">What it releases, for messages.</param>
    /// <param name="undo">
    /// Releases it. Should not throw; if it does, that is reported and the rest is undone all the
    /// same.
    /// </param>
    /// <exception cref="HmmException"><see cref="Errno.ENODEV"/>: the module has ended already.</exception>
    public void OnExit(string what, Action undo)
    {
        ArgumentNullException.ThrowIfNull(what);
        ArgumentNullException.ThrowIfNull(undo);
        if (!_undo.TryAdd(what, undo))
        {
            undo();
            throw new HmmException(
                Errno.ENODEV,
                $"Module {ModuleName} has ended: '{what}' was undone at once, because nobody would "
                    + "undo it later.");
        }
    }

    /// <summary>Offers a driver under its name until the module ends.</summary>
    /// <param name="driver">The driver.</param>
    /// <exception cref="HmmException">
    /// <see cref="Errno.EEXIST"/>: another module offers a driver of that name. <see cref="Errno.EINVAL"/>: the name is
    /// empty or has upper-case letters or spaces. <see cref="Errno.ENODEV"/>: the module has ended already.
    /// </exception>
    [ExportSymbolGpl]
    public void RegisterDriver(IDeviceDriver driver)
    {
        ArgumentNullException.ThrowIfNull(driver);
        _drivers.Add(ModuleName, driver);
        OnExit($"driver {driver.Name}", () => _drivers.Remove(ModuleName, driver));
    }

    /// <summary>
    /// Creates a device of another driver for one that stacks on it (encrypts, tests, mirrors what it holds). Whoever
    /// gets it owes it what a host does: <see cref="IDriverDevice.Attach"/> once, hooks, then disposal, once; until
    /// then the other driver's module stays loaded.
    /// </summary>
    /// <param name="driver">The other driver; its module must be loaded (<see cref="ModuleDependsAttribute"/>).</param>
    /// <param name="name">The name of the device that stacks, for messages.</param>
    /// <param name="parameters">What the other driver is told, as text.</param>
    /// <exception cref="HmmException">
    /// <see cref="Errno.ENOENT"/>: no loaded module offers the driver. <see cref="Errno.EINVAL"/>: a parameter is
    /// wrong. And what the driver says.
    /// </exception>
    [ExportSymbolGpl(Namespace = "Hmm.Stacking")]
    public IDriverDevice CreateDevice(string driver, string name, IReadOnlyDictionary<string, string> parameters)
    {
        var lease = _acquire(driver, $"device {name} of module {ModuleName}");
        try
        {
            var values = ParameterValues.Parse($"driver {driver}", lease.Driver.Parameters, parameters);
            return new StackedDevice(lease.Driver.CreateDevice(name, values), lease);
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>Offers a reclaim policy under a name until the module ends. A host that uses it goes over to the
    /// default then.</summary>
    /// <param name="name">The name, as <c>hmm host --policy</c> and <c>hmm replay --policy</c> take it.</param>
    /// <param name="create">Makes one for a budget of so many pages of 4 KiB.</param>
    /// <exception cref="HmmException">
    /// <see cref="Errno.EEXIST"/>: another module offers a policy of that name. <see cref="Errno.ENODEV"/>: the module
    /// has ended already.
    /// </exception>
    [ExportSymbolGpl]
    public void RegisterReclaimPolicy(string name, Func<long, IReclaimPolicy> create)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(create);
        _policies.Add(ModuleName, name, create);
        OnExit($"reclaim policy {name}", () => _policies.Remove(name));
    }

    /// <summary>Writes one line to the host's log, with the module's name in front.</summary>
    /// <param name="message">One sentence.</param>
    public void Log(string message) => _log($"{ModuleName}: {message}");
}
