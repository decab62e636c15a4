// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Loading;

/// <summary>What loading a module would come to: <c>hmm modules info FILE</c>. None of its code has run.</summary>
/// <param name="Module">The module; its state means nothing.</param>
/// <param name="Missing">
/// Modules that it needs and that are not loaded: the verdict is only complete without any.
/// </param>
/// <param name="Refusal">Why it would be refused, or null.</param>
internal sealed record ModuleInspection(ModuleInfo Module, IReadOnlyList<string> Missing, string? Refusal);
