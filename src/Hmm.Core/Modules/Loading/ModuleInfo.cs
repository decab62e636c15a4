// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Loading;

/// <summary>A module as <c>hmm modules</c> shows it. A snapshot.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Path">The file it came from.</param>
/// <param name="Hash">SHA-256 of the file, lower-case hex.</param>
/// <param name="License">Its licence string.</param>
/// <param name="Author">Who to write to.</param>
/// <param name="Description">What it does.</param>
/// <param name="Version">Its own version, or null.</param>
/// <param name="Contract">The contract that it was compiled against.</param>
/// <param name="State">Where it is in its life.</param>
/// <param name="Taint">Its taints.</param>
/// <param name="Users">Who uses it: "module X", "device Y".</param>
/// <param name="Dependencies">The modules that it uses.</param>
/// <param name="Parameters">The parameters that it declares.</param>
/// <param name="Exports">The symbols that it exports.</param>
/// <param name="Uses">The symbols that it uses.</param>
internal sealed record ModuleInfo(
    string Name,
    string Path,
    string Hash,
    string License,
    string Author,
    string Description,
    string? Version,
    int Contract,
    ModuleState State,
    Taint Taint,
    IReadOnlyList<string> Users,
    IReadOnlyList<string> Dependencies,
    IReadOnlyList<ParameterInfo> Parameters,
    IReadOnlyList<string> Exports,
    IReadOnlyList<string> Uses)
{
    public static ModuleInfo Of(PreparedModule prepared, ModuleState state, IReadOnlyList<string> users)
    {
        var manifest = prepared.Plan.Manifest;
        return new ModuleInfo(
            prepared.Plan.Name,
            prepared.Plan.Main.Path,
            prepared.Plan.Main.Hash,
            manifest.License,
            manifest.Author,
            manifest.Description,
            manifest.Version,
            manifest.Contract,
            state,
            prepared.Taint,
            users,
            prepared.Plan.Dependencies,
            manifest.Parameters,
            [.. prepared.Exports.Select(e => e.Symbol)],
            [.. prepared.Used.Select(e => e.Symbol)]);
    }
}
