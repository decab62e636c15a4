// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>
/// What a session may use. A client asks for a set in Hello, the host grants a part of it; bits
/// that a host does not know are simply not granted.
/// </summary>
[Flags]
public enum Features : ulong
{
    /// <summary>Anonymous ranges only.</summary>
    None = 0,

    /// <summary>
    /// Ranges over files (<see cref="RangeKind.FilePrivate"/>, <see cref="RangeKind.FileShared"/>).
    /// </summary>
    FileRanges = 1UL << 0,

    /// <summary>
    /// Query about the whole host, host-wide statistics, AddDevice, RemoveDevice, LoadModule,
    /// UnloadModule, ReadModules. Granted to root and to the user that the host runs as.
    /// </summary>
    Administration = 1UL << 1,
}
