// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Audit;

/// <summary>What the audit can find.</summary>
internal enum AuditKind
{
    /// <summary>A declaration whose class is missing or double. Fails.</summary>
    UnclearClass,

    /// <summary>A plain export that wraps GPL-only or unexported functions. Fails.</summary>
    NotALeaf,

    /// <summary>An export that nobody in the tree uses. Fails.</summary>
    Unused,

    /// <summary>An export whose class or namespace changed since the saved table, or that is gone. Fails.</summary>
    Changed,

    /// <summary>A plain export that lets its caller hook in, and that only GPL-compatible modules use.</summary>
    GplOnlyCandidate,

    /// <summary>A plain export that reaches unexported functions, with its author's reason.</summary>
    Justified,

    /// <summary>A module that uses reflection, where the gate cannot see what it reaches.</summary>
    Reflection,
}
