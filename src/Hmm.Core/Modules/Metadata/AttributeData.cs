// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Metadata;

/// <summary>A custom attribute as metadata has it.</summary>
/// <param name="Type">The attribute's type.</param>
/// <param name="Arguments">The constructor's arguments: numbers, text, bool; types as their text.</param>
/// <param name="Named">The named arguments.</param>
/// <param name="TypeNames">Every type that an argument names, assembly-qualified.</param>
/// <param name="IsReadable">
/// False where the arguments cannot be read without the attribute's own assembly (an enum of unknown size) or are
/// malformed; the other properties are then empty.
/// </param>
internal sealed record AttributeData(
    TypeKey Type,
    IReadOnlyList<object?> Arguments,
    IReadOnlyDictionary<string, object?> Named,
    IReadOnlyList<string> TypeNames,
    bool IsReadable)
{
    /// <summary>Argument <paramref name="index"/> as text, or null.</summary>
    public string? TextAt(int index) => index < Arguments.Count ? Arguments[index] as string : null;

    /// <summary>A named argument as text, or null.</summary>
    public string? NamedText(string name) => Named.TryGetValue(name, out var value) ? value as string : null;
}
