// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Host.Sessions;

/// <summary>
/// A request that may take long, checked and ready to run on a thread of its own.
/// </summary>
/// <param name="Operation">One that <c>docs/reference/uapi.md</c> calls long.</param>
/// <param name="Tag">The request's tag, for the reply.</param>
/// <param name="Range">The range; null for those about the host.</param>
/// <param name="FirstPage">The first page.</param>
/// <param name="PageCount">How many pages.</param>
/// <param name="Cells">Residency: the number of cells.</param>
/// <param name="Device">The device or module: what to make or load, or its name.</param>
/// <param name="Argument">LoadModule: its flags. ReadModules: the kind of text.</param>
/// <param name="Cursor">ReadModules: where to go on.</param>
/// <param name="OtherSession">Migrate: the session whose range it is, where that is not this one; else 0.</param>
/// <param name="OtherRange">Migrate: the number of its range.</param>
internal readonly record struct LongOperation(
    Operation Operation,
    ulong Tag,
    SessionRange? Range,
    long FirstPage = 0,
    long PageCount = 0,
    int Cells = 0,
    string Device = "",
    uint Argument = 0,
    ulong Cursor = 0,
    ulong OtherSession = 0,
    ulong OtherRange = 0);
