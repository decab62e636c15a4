// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Host.Tracing;

/// <summary>What a record tells besides.</summary>
[Flags]
internal enum TraceFlags : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A fault: it was a write. A fill: writes go through. A hint: they will be written.</summary>
    Write = 1,

    /// <summary>A fill: nobody was known to wait for the pages.</summary>
    Prefetched = 2,
}
