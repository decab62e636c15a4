// SPDX-License-Identifier: MIT
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;

namespace Hmm.Uapi;

/// <summary>
/// A name inside a message: UTF-8, at most 63 bytes, always followed by a NUL, every byte after the
/// first NUL is zero, no control characters.
/// </summary>
[InlineArray(Limits.NameBytes)]
public struct FixedName : IEquatable<FixedName>
{
    private byte _first; // Guarded by: owner (a value)

    /// <summary>Encodes a name that must fit.</summary>
    /// <param name="text">0 to 63 bytes of UTF-8 without control characters.</param>
    /// <exception cref="ArgumentException">
    /// It is longer, has control characters or a lone surrogate.
    /// </exception>
    public static FixedName Create(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var name = default(FixedName);
        if (!Utf8Field.TryEncode(text, name.Bytes))
        {
            throw new ArgumentException(
                $"A name has at most 63 bytes of UTF-8 and no control characters; shorten or change '{text}'.",
                nameof(text));
        }

        return name;
    }

    /// <summary>
    /// Encodes as much of a name as fits; control characters and lone surrogates become '?'. For
    /// reports.
    /// </summary>
    public static FixedName Truncate(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var name = default(FixedName);
        Span<byte> room = name.Bytes[..^1];
        foreach (var rune in text.EnumerateRunes())
        {
            var shown = Rune.IsControl(rune) || rune == Rune.ReplacementChar ? new Rune('?') : rune;
            if (!shown.TryEncodeToUtf8(room, out var written))
            {
                break;
            }

            room = room[written..];
        }

        return name;
    }

    /// <summary>Decodes the name. Never throws.</summary>
    /// <param name="text">The name; empty when this returns false.</param>
    /// <returns>Whether the bytes follow the rules above.</returns>
    public readonly bool TryGetText(out string text) => Utf8Field.TryDecode(this, out text);

    /// <summary>The name, or an empty string where the bytes break the rules.</summary>
    public override readonly string ToString() => TryGetText(out var text) ? text : string.Empty;

    /// <inheritdoc/>
    public readonly bool Equals(FixedName other) => ((ReadOnlySpan<byte>)this).SequenceEqual(other);

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is FixedName other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(this);
        return hash.ToHashCode();
    }

    /// <summary>Equal bytes.</summary>
    public static bool operator ==(FixedName left, FixedName right) => left.Equals(right);

    /// <summary>Different bytes.</summary>
    public static bool operator !=(FixedName left, FixedName right) => !left.Equals(right);

    [UnscopedRef]
    private Span<byte> Bytes => this;
}
