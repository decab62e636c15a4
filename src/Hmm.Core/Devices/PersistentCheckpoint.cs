// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

namespace Hmm.Core.Devices;

/// <summary>A checkpoint of a named range on a persistent device.</summary>
/// <param name="Name">The range: 1 to 63 bytes of UTF-8 without control characters.</param>
/// <param name="Sequence">The checkpoint's number; unique and rising on its device.</param>
/// <param name="TimeNs">When it was made, in nanoseconds since 1970.</param>
/// <param name="PageCount">The length in pages of 4 KiB.</param>
/// <param name="LengthBytes">The bytes of it that the application uses.</param>
/// <param name="ElementBytes">The size of an element.</param>
/// <param name="UserId">Whose it is.</param>
/// <param name="PagesWritten">How many pages it changed.</param>
[ExportSymbolGpl]
public sealed record PersistentCheckpoint(
    string Name,
    ulong Sequence,
    ulong TimeNs,
    long PageCount,
    ulong LengthBytes,
    uint ElementBytes,
    uint UserId,
    long PagesWritten);
