// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Metadata;

/// <summary>What <see cref="ReferenceCollector"/> found in one assembly.</summary>
/// <param name="Symbols">Every reference into the core or another module, once.</param>
/// <param name="Bypasses">One clause for each way around the runtime's access checks.</param>
internal sealed record CollectedReferences(
    IReadOnlyCollection<SymbolReference> Symbols, IReadOnlyList<string> Bypasses);
