// SPDX-License-Identifier: MIT
namespace Hmm.Linux;

/// <summary>
/// Who was at the other end when the connection was made, as the kernel vouches for it.
/// </summary>
/// <param name="ProcessId">The process; 0 where it is outside this PID namespace.</param>
/// <param name="UserId">Its effective user.</param>
/// <param name="GroupId">Its effective group.</param>
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId);
