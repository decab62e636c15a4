// SPDX-License-Identifier: MIT
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Hmm.Uapi;

/// <summary>
/// A longer text inside a message, by the rules of <see cref="FixedName"/>: UTF-8, at most 447
/// bytes, always followed by a NUL, every byte after the first NUL is zero, no control characters.
/// </summary>
[InlineArray(Limits.SpecificationBytes)]
public struct FixedText
{
    private byte _first; // Guarded by: owner (a value)

    /// <summary>Encodes a text that must fit.</summary>
    /// <param name="text">0 to 447 bytes of UTF-8 without control characters.</param>
    /// <exception cref="ArgumentException">
    /// It is longer, has control characters or a lone surrogate.
    /// </exception>
    public static FixedText Create(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var field = default(FixedText);
        if (!Utf8Field.TryEncode(text, field.Bytes))
        {
            throw new ArgumentException(
                $"A text has at most {Limits.SpecificationBytes - 1} bytes of UTF-8 and no control characters; "
                    + "shorten or "
                + $"change '{text}'.",
                nameof(text));
        }

        return field;
    }

    /// <summary>Decodes the text. Never throws.</summary>
    /// <param name="text">The text; empty when this returns false.</param>
    /// <returns>Whether the bytes follow the rules above.</returns>
    public readonly bool TryGetText(out string text) => Utf8Field.TryDecode(this, out text);

    /// <summary>The text, or an empty string where the bytes break the rules.</summary>
    public override readonly string ToString() => TryGetText(out var text) ? text : string.Empty;

    [UnscopedRef]
    private Span<byte> Bytes => this;
}
