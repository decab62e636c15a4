// SPDX-License-Identifier: MIT
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>What is told when a <see cref="FileIoRequest"/> is done.</summary>
public interface IFileIoCompletion
{
    /// <summary>
    /// The request is done; called once, on a worker thread (or inside <see cref="FileIo.Submit"/>
    /// when the queue is full). Must not throw, which would end the process, and should return
    /// soon: the worker serves other requests.
    /// </summary>
    /// <param name="tag">The request's tag.</param>
    /// <param name="error">
    /// <see cref="Errno.None"/>, also at the end of the file; <see cref="Errno.ENOSPC"/>,
    /// <see cref="Errno.EIO"/> and others as the system gives them; <see cref="Errno.ENOMEM"/> with
    /// nothing transferred: the queue was full.
    /// </param>
    /// <param name="bytesTransferred">
    /// How much was transferred, from the start. With <see cref="Errno.None"/> less than asked for
    /// only where the file ends: the rest of a read's buffer is undefined (a direct read may put
    /// zeros there), the rest of a write has nowhere to go.
    /// </param>
    void Completed(long tag, Errno error, int bytesTransferred);
}
