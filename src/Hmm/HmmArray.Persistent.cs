// SPDX-License-Identifier: MIT
namespace Hmm;

/// <content>Checkpoints of an array that outlives the program.</content>
public sealed unsafe partial class HmmArray<T>
{
    /// <summary>
    /// Makes the contents of a persistent array durable, atomically: after any crash it is this checkpoint, or the one
    /// before if this did not return. Contents are those of one moment during the call: every write before it is in,
    /// and none after. The program runs on meanwhile; a first write to a page waits for a moment. A write that must
    /// be in happens before the call.
    /// </summary>
    /// <returns>The checkpoint's number; rising.</returns>
    /// <exception cref="Uapi.HmmException">
    /// EINVAL: the array was not opened by name. EROFS: it is open at an older checkpoint. EBUSY: an element is pinned.
    /// ENOSPC: the device or its disk is full. EIO: it failed. In all of these the last checkpoint is whole, and the
    /// array goes on.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The array is disposed.</exception>
    public long Checkpoint() => (long)Live.Checkpoint();

    /// <summary>As <see cref="Checkpoint"/>; cancelling stops the wait, not the checkpoint.</summary>
    /// <param name="cancellationToken">Stops the wait.</param>
    public Task CheckpointAsync(CancellationToken cancellationToken = default) =>
        Live.CheckpointAsync(cancellationToken);
}
