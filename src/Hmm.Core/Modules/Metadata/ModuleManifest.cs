// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Metadata;

/// <summary>What a module says of itself.</summary>
/// <param name="License">Its licence string.</param>
/// <param name="Author">Who to write to.</param>
/// <param name="Description">What it does.</param>
/// <param name="Version">Its own version, or null.</param>
/// <param name="Contract">The contract version that it was compiled against.</param>
/// <param name="EntryToken">The metadata token of its <see cref="IModule"/>.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Depends">The modules that it names as dependencies.</param>
/// <param name="Imports">The export namespaces that it imports.</param>
internal sealed record ModuleManifest(
    string License,
    string Author,
    string Description,
    string? Version,
    int Contract,
    int EntryToken,
    IReadOnlyList<ParameterInfo> Parameters,
    IReadOnlyList<string> Depends,
    IReadOnlySet<string> Imports);
