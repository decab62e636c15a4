// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Metadata;

/// <summary>Something in another assembly that a module refers to.</summary>
/// <param name="Owner">The assembly that defines it, or should.</param>
/// <param name="Symbol">The symbol, spelled as in the export table.</param>
/// <param name="State">What was found under that name.</param>
internal readonly record struct SymbolReference(string Owner, string Symbol, ReferenceState State);
