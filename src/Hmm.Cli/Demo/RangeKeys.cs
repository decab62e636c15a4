// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace Hmm.Cli.Demo;

/// <summary>A range seen as 64-bit keys.</summary>
internal readonly struct RangeKeys(IDemoRange range) : IKeySpace
{
    /// <inheritdoc/>
    public long Count => range.LengthBytes / sizeof(ulong);

    /// <inheritdoc/>
    public Span<ulong> Window(long start, int count) =>
        MemoryMarshal.Cast<byte, ulong>(range.Span(start * sizeof(ulong), count * sizeof(ulong)));
}
