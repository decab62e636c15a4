// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

namespace Hmm.Core.Physical;

/// <summary>One span of a page map.</summary>
/// <param name="Resource">
/// The span: claimed by the caller, of the kind that the type of the map asks for, whole frames. It
/// cannot be released while the map stands.
/// </param>
/// <param name="CpuAddress">
/// Where the CPU reaches its first byte: required for coherent memory, 0 for private memory.
/// </param>
[ExportSymbolGpl]
public readonly record struct PageMapSpan(Resource Resource, nint CpuAddress = 0);
