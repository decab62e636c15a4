// SPDX-License-Identifier: MIT
using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Hmm.Uapi;

/// <summary>
/// Text in a field of fixed length: UTF-8, always followed by a NUL, every byte after the first NUL
/// is zero, no control characters.
/// </summary>
internal static class Utf8Field
{
    /// <summary>Writes a text into a field of zeros; false if it does not fit or breaks the rules.</summary>
    public static bool TryEncode(string text, Span<byte> field)
    {
        var status = Utf8.FromUtf16(text, field[..^1], out _, out _, replaceInvalidSequences: false);
        return status == OperationStatus.Done && !text.Contains('\0') && TryDecode(field, out _);
    }

    /// <summary>Reads a text; false, and an empty text, where the bytes break the rules. Never throws.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> field, out string text)
    {
        text = string.Empty;
        var length = field.IndexOf((byte)0);
        if (length < 0 || field[length..].ContainsAnyExcept((byte)0) || !Utf8.IsValid(field[..length]))
        {
            return false;
        }

        var decoded = Encoding.UTF8.GetString(field[..length]);
        foreach (var character in decoded)
        {
            if (char.IsControl(character))
            {
                return false;
            }
        }

        text = decoded;
        return true;
    }
}
