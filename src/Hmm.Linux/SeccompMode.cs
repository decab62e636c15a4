// SPDX-License-Identifier: MIT
namespace Hmm.Linux;

/// <summary>
/// Whether system calls of this process are filtered; the numbers of <c>/proc/self/status</c>.
/// </summary>
public enum SeccompMode
{
    /// <summary>No filter.</summary>
    Disabled = 0,

    /// <summary>Only read, write and exit.</summary>
    Strict = 1,

    /// <summary>A filter program decides, as in most containers.</summary>
    Filter = 2,
}
