// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using Hmm.Core.Modules.Exports;
using Hmm.Core.Modules.Metadata;
using Hmm.Uapi;

namespace Hmm.Core.Modules.Loading;

/// <summary>
/// Loads modules and unloads them: plan (files, dependencies, order) -> judge (metadata only) -> run (init) -> publish
/// (exports). Nothing of a module runs before every reference of it has been resolved, and nothing of it is visible to
/// others before its init has returned.
/// </summary>
/// <remarks>
/// Thread-safety: all members may be called from any thread. Loading and unloading are serialised by one lock, which is
/// held while module code runs, for as long as the deadline allows; lists and leases do not take it.
/// </remarks>
internal sealed class ModuleLoader
{
    private readonly Lock _gate = new();
    private readonly ModuleLoaderOptions _options; // Guarded by: immutable
    private readonly MetadataImage _core; // Guarded by: _gate
    private readonly Dictionary<string, Assembly> _shared; // Guarded by: immutable
    private readonly ModulePlanner _planner; // Guarded by: immutable
    private readonly ModuleJudge _judge; // Guarded by: _gate
    private readonly ModuleRunner _runner; // Guarded by: immutable
    private readonly ExportTable _exports = new(); // Guarded by: _gate
    private LoadedModule[] _modules = []; // Guarded by: _gate to replace; atomic to read

    public ModuleLoader(ModuleLoaderOptions options)
    {
        var core = typeof(IModule).Assembly;
        _options = options;
        _core = MetadataImage.FromLoaded(core);
        _shared = options.SharedAssemblies.Append(core).Append(typeof(Errno).Assembly).Distinct()
            .ToDictionary(a => a.GetName().Name!, StringComparer.OrdinalIgnoreCase);
        var names = _shared.Keys.ToHashSet(StringComparer.OrdinalIgnoreCase);
        _planner = new ModulePlanner(options, names);
        _judge = new ModuleJudge(options, _core, names);
        _runner = new ModuleRunner(options, Drivers, Taints);
        _exports.Add(ExportReader.Read(_core, publicMeansExported: true).Exports);
    }

    /// <summary>The host's taints; the core and the host add warnings of their own.</summary>
    public TaintLedger Taints { get; } = new();

    /// <summary>The drivers that loaded modules offer.</summary>
    public DriverRegistry Drivers { get; } = new();

    /// <summary>The reclaim policies that loaded modules offer.</summary>
    public ReclaimPolicyRegistry Policies { get; } = new();

    /// <summary>The loaded modules, in the order of loading, with those that failed.</summary>
    public IReadOnlyList<ModuleInfo> Modules => [.. Volatile.Read(ref _modules).Select(m => m.Describe())];

    /// <summary>Every export, with its consumers among the loaded modules.</summary>
    public IReadOnlyList<ExportUse> Exports
    {
        get
        {
            lock (_gate)
            {
                return _exports.Snapshot();
            }
        }
    }

    /// <summary>Loads a module, and first the modules that it needs.</summary>
    /// <param name="nameOrPath">A file, or the name of a module in one of the folders.</param>
    /// <param name="parameters">Values for its parameters, as text; null for defaults.</param>
    /// <param name="force">Accepts another contract version, and taints. Nothing else is ever waived.</param>
    /// <exception cref="HmmException">
    /// The module is refused or its init failed, with the errno of the first rule in the order of the class summary:
    /// <see cref="Errno.EACCES"/>, <see cref="Errno.ENOENT"/>, <see cref="Errno.ENOEXEC"/>, <see cref="Errno.EEXIST"/>,
    /// <see cref="Errno.EPERM"/>, <see cref="Errno.EINVAL"/>, <see cref="Errno.ETIMEDOUT"/>.
    /// </exception>
    public ModuleInfo Load(
        string nameOrPath, IReadOnlyDictionary<string, string>? parameters = null, bool force = false)
    {
        lock (_gate)
        {
            var plans = new Dictionary<string, ModulePlan>(StringComparer.OrdinalIgnoreCase);
            try
            {
                var root = _planner.Plan(_planner.Locate(nameOrPath), IsLoaded);
                plans.Add(root.Name, root);
                RequireNotLoaded(root);
                foreach (var name in DependencyOrder.Sort(root.Name, n => NeedsOf(n, root, plans)))
                {
                    if (!IsLoaded(name))
                    {
                        var isRoot = name == root.Name;
                        Start(plans[name], isRoot ? parameters : null, force && isRoot);
                        plans.Remove(name);
                    }
                }

                return Find(root.Name)!.Describe();
            }
            finally
            {
                foreach (var plan in plans.Values.Where(p => Find(p.Name)?.Prepared.Plan != p))
                {
                    plan.Dispose();
                }
            }
        }
    }

    /// <summary>Unloads a module: exit, then its managed resources newest first, then its code.</summary>
    /// <exception cref="HmmException">
    /// <see cref="Errno.ENOENT"/>: not loaded. <see cref="Errno.EBUSY"/>: in use, and by whom.
    /// <see cref="Errno.ETIMEDOUT"/>: its exit hangs.
    /// </exception>
    public void Unload(string name)
    {
        lock (_gate)
        {
            var module = Find(name) ?? throw new HmmException(Errno.ENOENT, $"No module '{name}' is loaded.");
            module.BeginUnload();
            _exports.Remove(module.Name);
            if (module.State == ModuleState.Unloading)
            {
                _runner.Exit(module);
            }

            Remove(module);
        }
    }

    /// <summary>Says what loading a module would come to, without running any of its code.</summary>
    /// <exception cref="HmmException">It cannot be read at all.</exception>
    public ModuleInspection Inspect(string nameOrPath)
    {
        lock (_gate)
        {
            using var plan = _planner.Plan(_planner.Locate(nameOrPath), IsLoaded);
            var prepared = new PreparedModule(plan, [], [], []);
            string? refusal = null;
            try
            {
                prepared = _judge.Prepare(plan, _exports, _modules, force: false);
            }
            catch (HmmException e)
            {
                refusal = e.Message;
            }

            var info = ModuleInfo.Of(prepared, ModuleState.Unloading, []);
            return new ModuleInspection(info, [.. plan.Dependencies.Where(d => !IsLoaded(d))], refusal);
        }
    }

    /// <summary>Takes a driver into use.</summary>
    /// <param name="driver">The driver's name.</param>
    /// <param name="user">Who uses it, for <see cref="Errno.EBUSY"/> messages: "device nvme0".</param>
    /// <exception cref="HmmException">
    /// <see cref="Errno.ENOENT"/>: no loaded module offers it. <see cref="Errno.ENODEV"/>: its module is going.
    /// </exception>
    public DriverLease AcquireDriver(string driver, string user)
    {
        var registered = Drivers.Get(driver);
        var module = Find(registered.Module)
            ?? throw new HmmException(
                Errno.ENODEV, $"Module {registered.Module}, which offers driver '{driver}', is not ready.");
        return new DriverLease(registered.Driver, module.Acquire(user));
    }

    private bool IsLoaded(string name) => Find(name) is not null;

    private LoadedModule? Find(string name) =>
        Array.Find(Volatile.Read(ref _modules), m => string.Equals(m.Name, name, StringComparison.OrdinalIgnoreCase));

    private void RequireNotLoaded(ModulePlan plan)
    {
        if (Find(plan.Name) is { } loaded)
        {
            var hint = loaded.State == ModuleState.Failed ? "it has failed; restart the host" : "unload it first";
            throw new HmmException(
                Errno.EEXIST,
                $"Module {loaded.Name} is loaded already, from '{loaded.Prepared.Plan.Main.Path}'; {hint}.");
        }
    }

    private IReadOnlyList<string> NeedsOf(string name, ModulePlan root, Dictionary<string, ModulePlan> plans)
    {
        if (IsLoaded(name))
        {
            return [];
        }

        if (!plans.TryGetValue(name, out var plan))
        {
            var path = _planner.FindFor(root.Main, name)
                ?? throw new HmmException(
                    Errno.ENOENT, $"Module {root.Name} needs module {name}, which was not found.");
            plan = _planner.Plan(path, IsLoaded);
            plans.Add(name, plan);
            if (!string.Equals(plan.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                throw new HmmException(
                    Errno.ENOEXEC, $"The file '{path}' holds module {plan.Name}, not {name}; rename it.");
            }
        }

        return plan.Dependencies;
    }

    private void Start(ModulePlan plan, IReadOnlyDictionary<string, string>? parameters, bool force)
    {
        var prepared = _judge.Prepare(plan, _exports, _modules, force);
        var values = ParameterValues.Parse($"module {plan.Name}", plan.Manifest.Parameters, parameters);
        var needed = plan.Dependencies.Select(d => Find(d)!).ToList();
        var context = new ModuleContext(plan.Name, values, Drivers, Policies, AcquireDriver, _options.Log);
        var module = new LoadedModule(prepared, Context(plan, needed), context);
        try
        {
            needed.ForEach(n => module.Holds.Add(n.Acquire($"module {plan.Name}")));
            foreach (var (taint, reason) in prepared.Taints)
            {
                Taints.Add(taint, plan.Name, reason);
            }

            _runner.Init(module);
        }
        catch
        {
            if (module.State == ModuleState.Failed)
            {
                // Its thread still runs its code: it stays in memory, in the list, and on what it needs.
                Volatile.Write(ref _modules, [.. _modules, module]);
            }
            else
            {
                Forget(module);
            }

            throw;
        }

        _exports.Add(prepared.Exports);
        _exports.AddConsumer(plan.Name, prepared.Used);
        Volatile.Write(ref _modules, [.. _modules, module]);
    }

    private ModuleLoadContext Context(ModulePlan plan, List<LoadedModule> needed)
    {
        var shared = new Dictionary<string, Assembly>(_shared, StringComparer.OrdinalIgnoreCase);
        needed.ForEach(n => shared[n.Name] = n.Assembly!);
        return new ModuleLoadContext(plan.Name, shared, plan.Privates);
    }

    private void Remove(LoadedModule module)
    {
        Volatile.Write(ref _modules, [.. _modules.Where(m => m != module)]);
        Forget(module);
        module.Prepared.Plan.Dispose();
    }

    private static void Forget(LoadedModule module)
    {
        module.Holds.ForEach(h => h.Dispose());
        module.Entry = null;
        module.Assembly = null;
        module.LoadContext.Unload();
    }
}
