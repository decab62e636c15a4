// SPDX-License-Identifier: MIT
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm;

/// <summary>What a range asks of the host, and of the kernel, about spans of its bytes.</summary>
internal sealed partial class HmmRange
{
    /// <summary>
    /// How much bulk operations populate at a time: 1 MiB, half of the smallest budget, so that the
    /// pages of a source and a destination are in DRAM together even then.
    /// </summary>
    public const ulong PopulateStepBytes = Limits.BudgetBytesMin / 2;

    /// <summary>
    /// Fails when nobody serves the range's faults any more: a touch would wait for ever.
    /// </summary>
    public void ThrowIfLost() => _host.Connection.ThrowIfLost();

    /// <summary>A hint: a store into shared memory, or with an older host a message. It waits for nothing.</summary>
    public void Hint(HintKind kind, ulong offset, ulong bytes)
    {
        var span = Span(offset, bytes, (uint)kind);
        HintPages([new HintEntry
        {
            RangeId = Id, FirstPage = span.FirstPage, PageCount = span.PageCount, Kind = kind,
        }]);
    }

    /// <summary>Several hints; each names this range.</summary>
    public void HintPages(ReadOnlySpan<HintEntry> hints)
    {
        if (_host.Hints is { } ring)
        {
            ring.Push(hints);
            return;
        }

        foreach (ref readonly var hint in hints)
        {
            _host.Connection.Post(Operation.Hint, new PageSpanRequest
            {
                RangeId = Id, FirstPage = hint.FirstPage, PageCount = hint.PageCount, Argument = (uint)hint.Kind,
            });
        }
    }

    /// <summary>
    /// Says that elements at these indexes will be read soon. Neighbours become one hint; the host
    /// puts what is left into the order of its device.
    /// </summary>
    public void PrefetchIndexes(ReadOnlySpan<long> indexes, ulong elementBytes)
    {
        Span<HintEntry> hints = stackalloc HintEntry[64];
        var count = 0;
        foreach (var index in indexes)
        {
            var first = ((ulong)index * elementBytes) >> _pageShift;
            var last = ((((ulong)index + 1) * elementBytes) - 1) >> _pageShift;
            if (count > 0 && first >= hints[count - 1].FirstPage
                && first <= hints[count - 1].FirstPage + hints[count - 1].PageCount)
            {
                ref var before = ref hints[count - 1];
                before.PageCount = Math.Max(before.PageCount, last + 1 - before.FirstPage);
                continue;
            }

            if (count == hints.Length)
            {
                HintPages(hints);
                count = 0;
            }

            hints[count++] = new HintEntry { RangeId = Id, FirstPage = first, PageCount = last + 1 - first };
        }

        if (count > 0)
        {
            HintPages(hints[..count]);
        }
    }

    /// <summary>Asks for something about the pages that hold a span of bytes.</summary>
    public void Call(Operation operation, ulong offset, ulong bytes, uint argument = 0)
    {
        var request = Span(offset, bytes, argument);
        _host.Connection.Call(operation, in request);

        // The finalizer must not close the range while the host still works on this.
        GC.KeepAlive(this);
    }

    /// <summary>As <see cref="Call"/>; cancelling stops the wait, not the operation.</summary>
    public Task CallAsync(Operation operation, ulong offset, ulong bytes, CancellationToken cancellationToken) =>
        _host.Connection.CallAsync(operation, Span(offset, bytes, 0), cancellationToken);

    /// <summary>
    /// The whole pages inside of a span of bytes, as a span of bytes; the range's last page counts
    /// as whole when the span reaches <paramref name="usedBytes"/>.
    /// </summary>
    /// <returns>False when there is none.</returns>
    public bool TryWholePages(ulong offset, ulong bytes, ulong usedBytes, out ulong pagesOffset, out ulong pagesBytes)
    {
        var page = 1UL << _pageShift;
        var end = offset + bytes == usedBytes ? LengthBytes : (offset + bytes) & ~(page - 1);
        pagesOffset = (offset + page - 1) & ~(page - 1);
        pagesBytes = end > pagesOffset ? end - pagesOffset : 0;
        return pagesBytes > 0;
    }

    public Statistics Statistics()
    {
        var request = new StatisticsRequest { RangeId = Id, Scope = StatisticsScope.Range };
        var reply = _host.Connection.Call<StatisticsRequest, StatisticsReply>(Operation.Statistics, in request);
        GC.KeepAlive(this);
        return reply.Statistics;
    }

    public PageDescription Describe(ulong offset)
    {
        var request = new DescribeRequest { RangeId = Id, PageOrAddress = offset >> _pageShift };
        var reply = _host.Connection.Call<DescribeRequest, DescribeReply>(Operation.Describe, in request);
        GC.KeepAlive(this);
        return reply.Page;
    }

    public ResidencyCell[] Residency(int cells)
    {
        var request = Span(0, LengthBytes, (uint)cells);
        using var pending = _host.Connection.Exchange(Operation.Residency, in request);
        GC.KeepAlive(this);
        var body = pending.Reply[Math.Min(ResidencyReply.StructBytes, pending.Reply.Length)..];
        if (body.Length != cells * ResidencyCell.StructBytes)
        {
            throw new HmmException(
                Errno.EPROTO,
                $"The Hmm host answered {cells} cells with {body.Length} bytes; use a host of the same version.");
        }

        return MemoryMarshal.Cast<byte, ResidencyCell>(body).ToArray();
    }

    /// <summary>
    /// Brings the pages of a span in, by system call: the thread waits in the kernel, where it
    /// holds up no garbage collection. The caller holds the range.
    /// </summary>
    /// <exception cref="HmmException">ECONNRESET, EHWPOISON, EFAULT, ENOMEM.</exception>
    public void Populate(ulong offset, ulong bytes, bool write)
    {
        var page = 1UL << _pageShift;
        var start = offset & ~(page - 1);
        var end = (offset + bytes + page - 1) & ~(page - 1);
        while (start < end)
        {
            ThrowIfLost();
            var length = Math.Min(end - start, Math.Max(PopulateStepBytes, page));
            var error = PopulateStep(Address + (nint)start, length, write);
            if (error != Errno.None)
            {
                ThrowPopulate(error, start, length);
            }

            start += length;
        }
    }

    private Errno PopulateStep(nint address, ulong bytes, bool write)
    {
        if (_host.FaultMode == UserfaultFdMode.UserModeOnly)
        {
            Touch(address, bytes, write);
            return Errno.None;
        }

        return write ? MappedMemory.PopulateWrite(address, bytes) : MappedMemory.PopulateRead(address, bytes);
    }

    /// <summary>
    /// The degraded way, where the kernel's own faults are not served: touch each page from user
    /// mode.
    /// </summary>
    internal static unsafe void Touch(nint address, ulong bytes, bool write)
    {
        // Safe because the caller holds the range, so its mapping exists.
        for (var offset = 0UL; offset < bytes; offset += 1UL << Limits.PageShiftMin)
        {
            var word = (int*)(address + (nint)offset);
            if (write)
            {
                // A write that changes nothing, atomic so that it undoes no other thread's.
                Interlocked.Or(ref *word, 0);
            }
            else
            {
                _ = Volatile.Read(ref *word);
            }
        }
    }

    private PageSpanRequest Span(ulong offset, ulong bytes, uint argument)
    {
        var first = offset >> _pageShift;
        return new PageSpanRequest
        {
            RangeId = Id,
            FirstPage = first,
            PageCount = ((offset + bytes - 1) >> _pageShift) - first + 1,
            Argument = argument,
        };
    }

    /// <summary>Finds out from the host what the kernel's error number does not say.</summary>
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowPopulate(Errno error, ulong start, ulong bytes)
    {
        ThrowIfLost();
        for (var offset = start; offset < start + bytes; offset += 1UL << _pageShift)
        {
            var page = Describe(offset);
            if (page.State == PageStateCode.Poisoned && page.Error == Errno.ENOMEM)
            {
                throw new HmmException(
                    Errno.ENOMEM,
                    $"There is no room for page {page.Page} of range '{Name}': the budget is full of pages that no "
                    + "device takes; add a device, make room on one, or drop pages (DontNeed), and try again.");
            }

            if (page.State == PageStateCode.Poisoned)
            {
                throw new HmmException(
                    Errno.EHWPOISON,
                    $"Page {page.Page} of range '{Name}' is lost: its device could not return it ({page.Error}); check "
                    + "the device, and read the page's data from where it came.");
            }
        }

        throw new HmmException(
            error,
            $"Bringing {bytes} bytes from byte {start} of range '{Name}' into memory failed; see `hmm doctor`.");
    }
}
