// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <summary>Who appends to the log. Pages that were moved are colder than new ones: apart, they age apart.</summary>
internal enum LogStream
{
    /// <summary>Evictions.</summary>
    Eviction,

    /// <summary>The cleaner.</summary>
    Cleaner,
}
