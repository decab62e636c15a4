// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Block;

/// <summary>Waits for transfers of its own thread, one or several at once. A request's tag is its length.</summary>
/// <remarks>Threads: <see cref="Begin"/> and <see cref="End"/> on one; completions on any.</remarks>
internal sealed class SyncTransfer : IFileIoCompletion, IDisposable
{
    private readonly CountdownEvent _pending = new(1);
    private int _error; // Guarded by: atomic

    /// <summary>Begins a batch of transfers.</summary>
    public void Begin()
    {
        _pending.Reset(1);
        Volatile.Write(ref _error, 0);
    }

    /// <summary>Call before each submission but the only one.</summary>
    public void Add() => _pending.AddCount();

    /// <summary>Waits for a batch whose submissions were all added, or for the only one.</summary>
    /// <returns>The error of one that failed.</returns>
    public Errno End()
    {
        _pending.Wait();
        return (Errno)Volatile.Read(ref _error);
    }

    /// <summary>Ends the part of <see cref="Begin"/> in a batch whose submissions were all added.</summary>
    public Errno EndAdded()
    {
        _pending.Signal();
        return End();
    }

    /// <inheritdoc/>
    public void Completed(long tag, Errno error, int bytesTransferred)
    {
        if (error == Errno.None && bytesTransferred != tag)
        {
            error = Errno.EIO; // short: the file ends where it did not before
        }

        if (error != Errno.None)
        {
            Volatile.Write(ref _error, (int)error);
        }

        _pending.Signal();
    }

    /// <inheritdoc/>
    public void Dispose() => _pending.Dispose();
}
