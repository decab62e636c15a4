// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Metadata;

/// <summary>Names a type across assemblies.</summary>
/// <param name="Assembly">The simple name of the assembly that the reference names.</param>
/// <param name="Name">The full name; nested types after a dot, generic arity after a back-tick.</param>
internal readonly record struct TypeKey(string Assembly, string Name);
