// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Core.Policies;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <content>Hints: promises that cost nobody an error.</content>
internal sealed partial class SessionOperations
{
    private HintRing? _ring; // Guarded by: the session's thread
    private long _hints; // Guarded by: atomic
    private long _hintsDropped; // Guarded by: atomic

    private long HintsDropped => Volatile.Read(ref _hintsDropped) + (long)(_ring?.Dropped ?? 0);

    /// <inheritdoc/>
    public void Hint(ulong rangeId, HintKind kind, long firstPage, long pageCount)
    {
        Interlocked.Increment(ref _hints);
        var range = _ranges[rangeId].Range;
        _engine.Trace?.Hinted(range.TokenOf(firstPage), pageCount, kind == HintKind.WillWrite);
        if (kind == HintKind.WillWrite)
        {
            _engine.Manager.Operations.WillWrite(range, firstPage, pageCount);
        }
        else
        {
            _engine.Manager.Operations.Prefetch(range, firstPage, pageCount);
        }
    }

    /// <inheritdoc/>
    public void HintDropped() => Interlocked.Increment(ref _hintsDropped);

    /// <inheritdoc/>
    public void AttachHintRing(int entries, int memory)
    {
        using var file = MemoryFile.Adopt(memory);
        if (!file.HasFixedLength || file.LengthBytes < HintRingLayout.SizeBytes(entries))
        {
            throw new HmmException(
                Errno.EINVAL,
                $"The memory of a hint ring of {entries} entries is a memfd of at least "
                    + $"{HintRingLayout.SizeBytes(entries)} bytes, sealed against shrinking and growing.");
        }

        var ring = new HintRing(this, file, entries);
        _ring = ring;
        _engine.Hints.Add(ring);
        _engine.WakeHints();
    }

    /// <inheritdoc/>
    public void WakeHintRing() => _engine.WakeHints();

    /// <summary>Takes one hint out of shared memory: nothing in it has been checked. On the prefetch thread.</summary>
    public void Hint(in HintEntry hint)
    {
        if (hint.Kind > HintKind.WillWrite || hint.Reserved != 0
            || !_ranges.TryGetValue(hint.RangeId, out var client)
            || hint.PageCount == 0 || hint.FirstPage >= (ulong)client.Range.PageCount
            || hint.PageCount > (ulong)client.Range.PageCount - hint.FirstPage
            || !client.Range.Lifetime.TryGet())
        {
            HintDropped();
            return;
        }

        Interlocked.Increment(ref _hints);
        var range = client.Range;
        var (first, count) = ((long)hint.FirstPage, (long)hint.PageCount);
        var isWrite = hint.Kind == HintKind.WillWrite;
        _engine.Trace?.Hinted(range.TokenOf(first), count, isWrite);
        if (isWrite)
        {
            _engine.Manager.Operations.Unprotect(range, first, count);
        }

        if (!isWrite && count <= Prefetcher.ListedRunMax)
        {
            _engine.Manager.Prefetcher.AddPages(range, first, (int)count);
        }
        else
        {
            _engine.Manager.Prefetcher.Add(
                range, new FillPlan(first, (int)Math.Min(count, int.MaxValue), 1, -1, isWrite));
        }

        _engine.Manager.Leave(range);
    }

    private void DetachHintRing()
    {
        if (_ring is { } ring)
        {
            Interlocked.Add(ref _hintsDropped, (long)ring.Dropped);
            _ring = null;
            _engine.Hints.Remove(ring);
        }
    }
}
