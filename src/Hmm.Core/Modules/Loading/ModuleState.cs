// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Loading;

/// <summary>
/// Where a module is in its life. <c>Live -> Unloading -> gone</c>; <c>Failed</c> from a call that
/// hangs.
/// </summary>
internal enum ModuleState
{
    /// <summary>Its init has returned; it can be used.</summary>
    Live,

    /// <summary>Nobody may start to use it any more.</summary>
    Unloading,

    /// <summary>Its init or exit missed the deadline; its thread was abandoned and may still run its code.</summary>
    Failed,
}
