// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules.Metadata;

namespace Hmm.Core.Modules.Loading;

/// <summary>A module that is about to be loaded: its files, and the modules that must be there first.</summary>
/// <remarks>Ownership: disposing it disposes the images; the loader keeps it as long as the module is loaded.</remarks>
internal sealed class ModulePlan(
    ModuleImage main, IReadOnlyList<ModuleImage> privates, IReadOnlyList<string> dependencies, ModuleFolder folder)
    : IDisposable
{
    public ModuleImage Main { get; } = main;

    /// <summary>Assemblies beside it that are no modules: part of it, and judged with it.</summary>
    public IReadOnlyList<ModuleImage> Privates { get; } = privates;

    /// <summary>The names of the modules that it needs.</summary>
    public IReadOnlyList<string> Dependencies { get; } = dependencies;

    /// <summary>The allow-listed folder that it came from.</summary>
    public ModuleFolder Folder { get; } = folder;

    public string Name => Main.Name;

    public ModuleManifest Manifest => Main.Manifest!;

    public IReadOnlyList<MetadataImage> Images => [Main.Metadata, .. Privates.Select(p => p.Metadata)];

    public void Dispose()
    {
        Main.Dispose();
        foreach (var image in Privates)
        {
            image.Dispose();
        }
    }
}
