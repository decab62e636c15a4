// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Pmem;

/// <summary>What a new checkpoint says of its range.</summary>
/// <param name="Name">The range.</param>
/// <param name="PageCount">Its length in pages of 4 KiB; that of its other checkpoints.</param>
/// <param name="LengthBytes">The bytes of it that the application uses.</param>
/// <param name="ElementBytes">The size of an element.</param>
/// <param name="UserId">Whose it is.</param>
/// <param name="TimeNs">The time, in nanoseconds since 1970.</param>
public sealed record CheckpointDraft(
    FixedName Name, long PageCount, ulong LengthBytes, uint ElementBytes, uint UserId, ulong TimeNs);
