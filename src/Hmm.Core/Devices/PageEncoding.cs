// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using Hmm.Core.Modules;

namespace Hmm.Core.Devices;

/// <summary>
/// How the bytes of a page stand where a device keeps it: as they are, or in a form that has a name, which drivers that
/// know nothing of each other may share. A name says everything that is needed to get the page back.
/// </summary>
/// <param name="Code">The name's bytes, first one lowest; 0: <see cref="Plain"/>.</param>
[ExportSymbolGpl]
public readonly record struct PageEncoding(ulong Code)
{
    private const int NameBytesMax = sizeof(ulong);

    /// <summary>The page's own 4096 bytes.</summary>
    public static PageEncoding Plain => default;

    /// <summary>One 64-bit word, 8 bytes, that fills the page.</summary>
    public static PageEncoding Word => Of("word");

    /// <summary>One block of LZ4, without a frame around it.</summary>
    public static PageEncoding Lz4 => Of("lz4");

    /// <summary>One frame of Zstandard.</summary>
    public static PageEncoding Zstd => Of("zstd");

    /// <summary>Whether it is <see cref="Plain"/>.</summary>
    public bool IsPlain => Code == 0;

    /// <summary>The encoding of a name.</summary>
    /// <param name="name">1 to 8 characters of ASCII.</param>
    /// <exception cref="ArgumentException">It is empty, too long, or has other characters.</exception>
    public static PageEncoding Of(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Length > NameBytesMax || !Ascii.IsValid(name))
        {
            throw new ArgumentException($"An encoding has 1 to 8 characters of ASCII, not '{name}'.", nameof(name));
        }

        var code = 0UL;
        for (var i = name.Length - 1; i >= 0; i--)
        {
            code = (code << 8) | name[i];
        }

        return new PageEncoding(code);
    }

    /// <summary>The name.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(NameBytesMax);
        for (var rest = Code; rest != 0; rest >>= 8)
        {
            text.Append((char)(rest & 0x7F));
        }

        return IsPlain ? "plain" : text.ToString();
    }
}
