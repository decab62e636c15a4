// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using System.Runtime.Loader;
using Hmm.Core.Modules.Metadata;

namespace Hmm.Core.Modules.Loading;

/// <summary>
/// The load context of one module: the module and its private assemblies, from the bytes that were judged. The core,
/// the shared assemblies and other modules are the host's own; everything else is left to the runtime.
/// </summary>
internal sealed class ModuleLoadContext : AssemblyLoadContext
{
    private readonly IReadOnlyDictionary<string, Assembly> _shared; // Guarded by: immutable
    private readonly Dictionary<string, byte[]> _private; // Guarded by: immutable

    public ModuleLoadContext(
        string name, IReadOnlyDictionary<string, Assembly> shared, IEnumerable<ModuleImage> privates)
        : base("module " + name, isCollectible: true)
    {
        _shared = shared;
        _private = privates.ToDictionary(p => p.Name, p => p.Bytes, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Loads an assembly from its bytes.</summary>
    public Assembly Load(byte[] bytes) => LoadFromStream(new MemoryStream(bytes, writable: false));

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        var name = assemblyName.Name ?? "";
        return _shared.TryGetValue(name, out var assembly) ? assembly
            : _private.TryGetValue(name, out var bytes) ? Load(bytes)
            : null;
    }
}
