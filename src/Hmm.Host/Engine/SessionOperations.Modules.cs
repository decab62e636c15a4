// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <content>Modules, for administrators.</content>
internal sealed partial class SessionOperations
{
    /// <inheritdoc/>
    public void LoadModule(string specification, bool force, CancellationToken connectionEnded)
    {
        var (module, parameters) = SpecificationText.Parse("Module", specification, "Hmm.Modules.Block,queue=64");
        _engine.Modules.Load(module, parameters, force);
    }

    /// <inheritdoc/>
    public void UnloadModule(string name, CancellationToken connectionEnded) => _engine.Modules.Unload(name);

    /// <inheritdoc/>
    public int ReadModules(
        ModuleText kind, string name, ref ulong cursor, Span<byte> text, CancellationToken connectionEnded)
    {
        var lines = kind switch
        {
            ModuleText.Modules => _engine.Modules.Modules.SelectMany(ModuleLines.Of),
            ModuleText.Module => LinesOf(name),
            ModuleText.Exports => _engine.Modules.Exports.Select(ModuleLines.Of),
            _ => _engine.Modules.Taints.Reasons.Select(ModuleLines.Of),
        };
        return ModuleLines.Write(lines, ref cursor, text);
    }

    private IEnumerable<string> LinesOf(string name)
    {
        var loaded = _engine.Modules.Modules.FirstOrDefault(
            module => string.Equals(module.Name, name, StringComparison.OrdinalIgnoreCase));
        return loaded is null ? ModuleLines.Of(_engine.Modules.Inspect(name)) : ModuleLines.Of(loaded);
    }
}
