// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>
/// The versions of the boundary that this build speaks; <c>docs/reference/uapi.md</c> describes
/// them.
/// </summary>
public static class Protocol
{
    /// <summary>The oldest version that this build speaks.</summary>
    public const ushort VersionMin = 1;

    /// <summary>The newest version that this build speaks.</summary>
    public const ushort VersionMax = 1;
}
