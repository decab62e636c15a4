// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Linux.Tests.Support;

// Collects the completions of requests whose tags are 0 to count - 1.
internal sealed class Completions(int count) : IFileIoCompletion, IDisposable
{
    private const int WaitLimitMs = 20_000;

    private readonly CountdownEvent _pending = new(count);
    private readonly int[] _times = new int[count]; // Guarded by: atomic

    internal Errno[] Errors { get; } = new Errno[count];

    internal int[] Transferred { get; } = new int[count];

    public void Completed(long tag, Errno error, int bytesTransferred)
    {
        Errors[tag] = error;
        Transferred[tag] = bytesTransferred;
        if (Interlocked.Increment(ref _times[tag]) == 1)
        {
            _pending.Signal();
        }
    }

    public void Dispose() => _pending.Dispose();

    internal void WaitForAll()
    {
        Assert.True(_pending.Wait(WaitLimitMs), $"{_pending.CurrentCount} requests are not complete");
        Assert.All(_times, static times => Assert.Equal(1, times));
    }
}
