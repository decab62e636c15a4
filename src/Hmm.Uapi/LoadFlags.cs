// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>How LoadModule loads.</summary>
[Flags]
public enum LoadFlags : uint
{
    /// <summary>By the rules.</summary>
    None = 0,

    /// <summary>Although it was compiled against another contract version; it taints the host.</summary>
    Force = 1,
}
