// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Hmm.Modules.Block;

/// <summary>
/// What is kept in memory of an encrypted page: the number that its nonce was made of, and the tag that proves that it
/// is what was written.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Seal
{
    /// <summary>The length of a tag.</summary>
    public const int TagBytes = 16;

    /// <summary>The write's number under its key: never the same twice.</summary>
    public ulong Number;

    /// <summary>The tag.</summary>
    public TagData Tag;

    [InlineArray(TagBytes)]
    internal struct TagData
    {
        private byte _first;
    }
}
