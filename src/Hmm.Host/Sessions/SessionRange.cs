// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Host.Sessions;

/// <summary>
/// What a session remembers of one open range, to check every page that a client names.
/// </summary>
internal sealed class SessionRange(ulong id, ulong baseAddress, ulong lengthBytes, int pageShift)
{
    /// <summary>The number that the client knows it by.</summary>
    public ulong Id { get; } = id;

    /// <summary>The application's address of the first byte.</summary>
    public ulong BaseAddress { get; } = baseAddress;

    /// <summary>The address after the last byte; does not overflow.</summary>
    public ulong EndAddress { get; } = baseAddress + lengthBytes;

    /// <summary>log2 of the page size.</summary>
    public int PageShift { get; } = pageShift;

    /// <summary>The number of pages.</summary>
    public ulong PageCount { get; } = lengthBytes >> pageShift;

    /// <summary>Long operations that were accepted for it and are not done.</summary>
    public int InFlight { get; set; } // Guarded by: SessionRanges._gate

    /// <summary>Whether the client asked to close it: nothing new is accepted.</summary>
    public bool Closing { get; set; } // Guarded by: SessionRanges._gate

    /// <summary>The tag of that request.</summary>
    public ulong CloseTag { get; set; } // Guarded by: SessionRanges._gate
}
