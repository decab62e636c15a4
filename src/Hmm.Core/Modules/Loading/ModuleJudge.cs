// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules.Exports;
using Hmm.Core.Modules.Metadata;
using Hmm.Uapi;

namespace Hmm.Core.Modules.Loading;

/// <summary>
/// Everything that is checked between reading a module's metadata and running its first instruction.
/// </summary>
/// <remarks>Pure but for the caches of the images. Thread-safety: none; the loader's lock guards it.</remarks>
internal sealed class ModuleJudge
{
    private readonly ModuleLoaderOptions _options; // Guarded by: immutable
    private readonly MetadataImage _core; // Guarded by: the loader's lock
    private readonly IReadOnlySet<string> _shared; // Guarded by: immutable

    /// <param name="options">Known hashes.</param>
    /// <param name="core">The core's metadata.</param>
    /// <param name="shared">The names of the core and the shared assemblies.</param>
    public ModuleJudge(ModuleLoaderOptions options, MetadataImage core, IReadOnlySet<string> shared)
    {
        _options = options;
        _core = core;
        _shared = shared;
    }

    /// <summary>Checks a module against the core and the modules that are loaded.</summary>
    /// <param name="plan">The module.</param>
    /// <param name="table">What is exported.</param>
    /// <param name="loaded">The loaded modules.</param>
    /// <param name="force">Accepts another contract version, at the price of a taint.</param>
    /// <exception cref="HmmException">
    /// It is refused; see <see cref="LicenceGate.Judge"/> for the gate's errors.
    /// </exception>
    public PreparedModule Prepare(
        ModulePlan plan, ExportTable table, IReadOnlyCollection<LoadedModule> loaded, bool force)
    {
        RequireFreeName(plan);
        var forced = RequireContract(plan, force);
        return ModuleImageReader.Guard(plan.Main.Path, () =>
        {
            var surface = ExportReader.Read(plan.Main.Metadata, publicMeansExported: false);
            if (surface.Problems.Count > 0)
            {
                throw new HmmException(
                    Errno.ENOEXEC, $"Module {plan.Name} is refused: {string.Join(" ", surface.Problems)}");
            }

            table.RequireNew(plan.Name, surface.Exports);
            var universe = new MetadataUniverse(
                [_core, .. loaded.Select(m => m.Prepared.Plan.Main.Metadata), .. plan.Images]);
            var answer = LicenceGate.Judge(table, Question(plan, universe, loaded));
            var exports = WrapFinder.Mark(surface.Exports, universe, plan.Images, table);
            foreach (var image in plan.Images)
            {
                image.Budget.Lift();
            }

            return new PreparedModule(plan, exports, answer.Used, TaintsOf(plan, answer, forced));
        });
    }

    private void RequireFreeName(ModulePlan plan)
    {
        foreach (var name in plan.Images.Select(i => i.Name))
        {
            if (_shared.Contains(name))
            {
                throw new HmmException(
                    Errno.EEXIST,
                    $"Module '{plan.Main.Path}' calls itself {name}, which is the host's own; rename it.");
            }
        }
    }

    private static bool RequireContract(ModulePlan plan, bool force)
    {
        var contract = plan.Manifest.Contract;
        if (contract == ModuleContract.Version)
        {
            return false;
        }

        return force ? true : throw new HmmException(
            Errno.ENOEXEC,
            $"Module {plan.Name} was compiled against contract version {contract}, and this host has version "
                + $"{ModuleContract.Version}; "
                + "recompile it against this host's Hmm.Core.");
    }

    private GateQuestion Question(ModulePlan plan, MetadataUniverse universe, IReadOnlyCollection<LoadedModule> loaded)
    {
        var own = plan.Images.Select(i => i.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var protectedNames = _shared.Concat(loaded.Select(m => m.Name)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var symbols = new HashSet<SymbolReference>();
        var bypasses = new List<string>();
        foreach (var image in plan.Images)
        {
            var references = ReferenceCollector.Collect(image, universe, own, protectedNames);
            symbols.UnionWith(references.Symbols);
            bypasses.AddRange(references.Bypasses);
        }

        return new GateQuestion(
            plan.Name,
            plan.Manifest.License,
            plan.Manifest.Imports,
            symbols,
            bypasses,
            owner => loaded.FirstOrDefault(m => m.Name == owner)?.Prepared.Taint ?? Taint.None);
    }

    private List<(Taint Taint, string Reason)> TaintsOf(ModulePlan plan, GateAnswer answer, bool forced)
    {
        var taints = new List<(Taint, string)>();
        if (answer.Taint != Taint.None)
        {
            taints.Add((answer.Taint, answer.TaintReason!));
        }

        if (forced)
        {
            taints.Add((Taint.Forced, $"it was loaded by force with contract version {plan.Manifest.Contract}."));
        }

        if (!plan.Folder.InTree)
        {
            taints.Add((Taint.OutOfTree, $"it comes from '{plan.Folder.Path}', which is not in-tree."));
        }

        var unsigned = plan.Privates.Prepend(plan.Main)
            .FirstOrDefault(i => !i.IsStrongNamed && !_options.KnownHashes.Contains(i.Hash));
        if (unsigned is not null)
        {
            taints.Add((Taint.Unsigned, $"{unsigned.Name} has no strong name, and its hash is unknown."));
        }

        return taints;
    }
}
