// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Host.Sessions;

/// <summary>
/// What a client asks for with OpenPersistent, checked: length and address are multiples of 4096 and do not overflow,
/// the contents end in the last page, the name is not empty.
/// </summary>
/// <param name="Device">The device; empty for the only one.</param>
/// <param name="Name">The range.</param>
/// <param name="Sequence">The checkpoint to look at; 0 for the last, to go on.</param>
/// <param name="BaseAddress">The application's address of the first byte.</param>
/// <param name="LengthBytes">The length in bytes.</param>
/// <param name="ContentBytes">The bytes that the application uses.</param>
/// <param name="ElementBytes">The size of an element.</param>
/// <param name="Advice">How it will be accessed at first.</param>
/// <param name="ErrorPolicy">What becomes of a thread whose page cannot be had.</param>
internal readonly record struct PersistentSpecification(
    string Device,
    string Name,
    ulong Sequence,
    ulong BaseAddress,
    ulong LengthBytes,
    ulong ContentBytes,
    uint ElementBytes,
    Advice Advice,
    ErrorPolicy ErrorPolicy);
