// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Host.Sessions;

/// <summary>
/// A request that may take long, checked and ready to run on a thread of its own.
/// </summary>
/// <param name="Operation">CloseRange, DontNeed, Pin, Flush, Residency, Checkpoint, AddDevice or RemoveDevice.</param>
/// <param name="Tag">The request's tag, for the reply.</param>
/// <param name="Range">The range; null for AddDevice and RemoveDevice.</param>
/// <param name="FirstPage">The first page.</param>
/// <param name="PageCount">How many pages.</param>
/// <param name="Cells">Residency: the number of cells.</param>
/// <param name="Device">AddDevice: what to make. RemoveDevice: its name.</param>
internal readonly record struct LongOperation(
    Operation Operation,
    ulong Tag,
    SessionRange? Range,
    long FirstPage = 0,
    long PageCount = 0,
    int Cells = 0,
    string Device = "");
