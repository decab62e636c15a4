// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Pmem;

/// <summary>
/// The seam under the store: one file. Tests put a recorder here, and replay what a crash may have left of it.
/// </summary>
/// <remarks>
/// What the store relies on: a write that completed before a <see cref="Sync"/> that returned
/// <see cref="Errno.None"/> survives; one after it may survive in part, in sectors of 512 bytes, in any order.
/// </remarks>
public interface IPmemFile : IDisposable
{
    /// <summary>What messages call it.</summary>
    string Name { get; }

    /// <summary>The length in bytes.</summary>
    ulong LengthBytes { get; }

    /// <summary>Reads all of a span; EIO where the file ends before.</summary>
    Errno Read(ulong offset, Span<byte> buffer);

    /// <summary>Writes all of a span.</summary>
    Errno Write(ulong offset, ReadOnlySpan<byte> buffer);

    /// <summary>Makes what was written durable.</summary>
    Errno Sync();
}
