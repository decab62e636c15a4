// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>What the text of a parameter must be.</summary>
[ExportSymbol]
public enum ModuleParameterType
{
    /// <summary>Any text.</summary>
    Text = 0,

    /// <summary>A signed 64-bit number, in decimal.</summary>
    Integer = 1,

    /// <summary>"true" or "false".</summary>
    Boolean = 2,

    /// <summary>A size in bytes: a whole number with an optional unit KiB, MiB, GiB or TiB ("64MiB").</summary>
    Size = 3,
}
