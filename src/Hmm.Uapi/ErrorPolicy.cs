// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>
/// What becomes of a thread that touches a page which cannot be had: its device cannot read it, returns wrong bytes or
/// does not answer, or everything is full. Never does it see wrong bytes.
/// </summary>
public enum ErrorPolicy : uint
{
    /// <summary>
    /// The touch ends with SIGBUS, and calls that bring pages fail. The page stays lost until it is dropped.
    /// </summary>
    Poison = 0,

    /// <summary>
    /// The thread waits, as on a hard NFS mount, and the page is tried again from time to time until it can be had, or
    /// is dropped by another thread.
    /// </summary>
    Wait = 1,
}
