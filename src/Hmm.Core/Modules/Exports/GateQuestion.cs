// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules.Metadata;

namespace Hmm.Core.Modules.Exports;

/// <summary>What the licence gate judges: a module, and all that its assemblies refer to.</summary>
/// <param name="Module">Its name.</param>
/// <param name="License">Its licence string.</param>
/// <param name="Imports">The export namespaces that it imports.</param>
/// <param name="References">Everything that it refers to in the core and in other modules.</param>
/// <param name="Bypasses">How it tries to go around access checks.</param>
/// <param name="TaintOf">The taints of the module that owns a symbol; none for the core.</param>
internal sealed record GateQuestion(
    string Module,
    string License,
    IReadOnlySet<string> Imports,
    IReadOnlyCollection<SymbolReference> References,
    IReadOnlyList<string> Bypasses,
    Func<string, Taint> TaintOf);
