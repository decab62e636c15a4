// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Host.Sessions;

/// <summary>
/// What a client asks for with CreateRange, checked: the length and the address are multiples of
/// the page size and do not overflow, and no other range of the session overlaps it.
/// </summary>
/// <param name="Kind">What stands behind the pages.</param>
/// <param name="PageShift">log2 of the page size in bytes: 12 to 21.</param>
/// <param name="BaseAddress">The application's address of the first byte.</param>
/// <param name="LengthBytes">The length in bytes.</param>
/// <param name="FileBytes">
/// How many bytes of the file the range covers, from its start; 0 if anonymous.
/// </param>
/// <param name="Advice">How it will be accessed at first.</param>
/// <param name="Name">For reports; may be empty.</param>
/// <param name="MinimumShareMiB">The DRAM that other ranges cannot take from it; 0 for none.</param>
/// <param name="MaximumShareMiB">The DRAM that it should not go beyond; 0 for no limit.</param>
/// <param name="ErrorPolicy">What becomes of a thread whose page cannot be had.</param>
internal readonly record struct RangeSpecification(
    RangeKind Kind,
    int PageShift,
    ulong BaseAddress,
    ulong LengthBytes,
    ulong FileBytes,
    Advice Advice,
    string Name,
    uint MinimumShareMiB = 0,
    uint MaximumShareMiB = 0,
    ErrorPolicy ErrorPolicy = ErrorPolicy.Poison)
{
    /// <summary>The length in pages.</summary>
    public long PageCount => (long)(LengthBytes >> PageShift);
}
