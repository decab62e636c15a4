// SPDX-License-Identifier: MIT
using Hmm.Uapi;

namespace Hmm;

/// <summary>
/// Pages that stay in DRAM until this is disposed. It also holds the range, so that disposing the
/// array first does not take the memory away from a device that still writes to it.
/// </summary>
internal sealed class HmmPin(HmmRange range, ulong offset, ulong bytes) : IDisposable
{
    private int _disposed; // Guarded by: atomic

    /// <summary>Unpins, once.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Undo(range, offset, bytes);
        }
    }

    /// <summary>Pins pages and holds the range.</summary>
    public static HmmPin Make(HmmRange range, ulong offset, ulong bytes)
    {
        range.Hold();
        try
        {
            range.Call(Operation.Pin, offset, bytes);
            return new HmmPin(range, offset, bytes);
        }
        catch
        {
            range.Release();
            throw;
        }
    }

    /// <summary>
    /// As <see cref="Make"/>; a pin that is granted after the wait was cancelled is undone.
    /// </summary>
    public static async Task<IDisposable> MakeAsync(
        HmmRange range,
        ulong offset,
        ulong bytes,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        range.Hold();
        var granted = PinAsync(range, offset, bytes);
        try
        {
            await granted.WaitAsync(cancellationToken).ConfigureAwait(false);
            return new HmmPin(range, offset, bytes);
        }
        catch (OperationCanceledException)
        {
            _ = granted.ContinueWith(
                _ => Undo(range, offset, bytes),
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion,
                TaskScheduler.Default);
            throw;
        }
    }

    private static async Task PinAsync(HmmRange range, ulong offset, ulong bytes)
    {
        try
        {
            await range.CallAsync(Operation.Pin, offset, bytes, CancellationToken.None).ConfigureAwait(false);
        }
        catch
        {
            range.Release();
            throw;
        }
    }

    private static void Undo(HmmRange range, ulong offset, ulong bytes)
    {
        try
        {
            range.Call(Operation.Unpin, offset, bytes);
        }
        catch (Exception gone) when (gone is HmmException { Errno: Errno.ECONNRESET } or ObjectDisposedException)
        {
            // Without a host nothing is evicted, and nothing is pinned.
        }
        finally
        {
            range.Release();
        }
    }
}
