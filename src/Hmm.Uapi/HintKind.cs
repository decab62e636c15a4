// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>What a hint promises.</summary>
public enum HintKind : uint
{
    /// <summary>These pages will be touched soon: bring them.</summary>
    Prefetch = 0,

    /// <summary>
    /// These pages will be written: bring them writable, so that the first write does not fault
    /// again.
    /// </summary>
    WillWrite = 1,
}
