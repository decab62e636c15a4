// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>What ReadModules reads, and so the form of its lines.</summary>
public enum ModuleText : uint
{
    /// <summary>The loaded modules, a block of lines each.</summary>
    Modules = 0,

    /// <summary>One module, loaded or not, as a block of lines; none of its code runs for it.</summary>
    Module = 1,

    /// <summary>The export table, a line for each export.</summary>
    Exports = 2,

    /// <summary>The host's taints, a line for each.</summary>
    Taints = 3,
}
