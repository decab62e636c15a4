// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Demo;

namespace Hmm.Cli.Bench.Patterns;

/// <summary>Memory seen as 64-bit keys. Whoever makes one keeps the memory.</summary>
internal readonly unsafe struct PointerKeys(nint address, long count) : IKeySpace
{
    /// <inheritdoc/>
    public long Count => count;

    /// <inheritdoc/>
    public Span<ulong> Window(long start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + length, count);

        // Safe because the window is inside of the memory.
        return new Span<ulong>((ulong*)address + start, length);
    }
}
