// SPDX-License-Identifier: MIT
using Hmm.Uapi;

namespace Hmm;

/// <content>
/// What a program may say and ask about an array's pages. Spans are in elements; what is said of an
/// element is said of its whole page.
/// </content>
public sealed unsafe partial class HmmArray<T>
{
    /// <summary>What the kernel holds in DRAM for the array now, in bytes.</summary>
    /// <exception cref="ObjectDisposedException">The array is disposed.</exception>
    public long ResidentBytes => (long)Live.ResidentBytes;

    /// <summary>The array's counters, asked of the host.</summary>
    /// <exception cref="ObjectDisposedException">The array is disposed.</exception>
    /// <exception cref="HmmException">ECONNRESET: the host has gone.</exception>
    public Statistics Statistics => Live.Statistics();

    private HmmRange Live
    {
        get
        {
            ThrowIfDisposed();
            return _range;
        }
    }

    /// <summary>
    /// Says that elements will be read soon. Costs less than a microsecond, and some more where the host sleeps
    /// and has to be woken; returns before anything is brought.
    /// </summary>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not all inside the array.</exception>
    /// <exception cref="HmmException">ECONNRESET: the host has gone.</exception>
    public void Prefetch(long start, long count) => Hint(HintKind.Prefetch, start, count);

    /// <summary>
    /// Says that the elements at these indexes will be read soon, in any order: the host reads their
    /// pages in the order of its device, many at a time. Give a few thousand at a time, well ahead of
    /// the reads; what does not fit the queue is dropped and counted in <see cref="Statistics"/>.
    /// </summary>
    /// <param name="indexes">Indexes of elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">One is not inside the array.</exception>
    /// <exception cref="HmmException">ECONNRESET: the host has gone.</exception>
    public void Prefetch(ReadOnlySpan<long> indexes)
    {
        var range = Live;
        foreach (var index in indexes)
        {
            if ((ulong)index >= (ulong)Length)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(indexes), index, $"The array has {Length} elements; count from 0.");
            }
        }

        range.PrefetchIndexes(indexes, OffsetOf(1));
        GC.KeepAlive(this);
    }

    /// <summary>
    /// Says that elements will be written: they are brought writable, so that the first write does
    /// not fault again. Costs what <see cref="Prefetch(long, long)"/> does; returns before anything is brought.
    /// </summary>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not all inside the array.</exception>
    /// <exception cref="HmmException">ECONNRESET: the host has gone.</exception>
    public void WillWrite(long start, long count) => Hint(HintKind.WillWrite, start, count);

    /// <summary>
    /// Says how the whole array is going to be accessed; it is in effect when this returns, which takes a message to
    /// the host and back.
    /// </summary>
    /// <param name="advice">The order.</param>
    /// <exception cref="HmmException">ECONNRESET: the host has gone.</exception>
    public void Advise(Advice advice) => Advise(advice, 0, Length);

    /// <summary>
    /// Says how elements are going to be accessed. A range has one advice, so the last call decides for all of its
    /// elements; it is in effect when this returns, which takes a message to the host and back.
    /// </summary>
    /// <param name="advice">The order.</param>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// They are not all inside the array, or the advice is none.
    /// </exception>
    /// <exception cref="HmmException">ECONNRESET: the host has gone.</exception>
    public void Advise(Advice advice, long start, long count)
    {
        if (advice > Advice.Sequential)
        {
            throw new ArgumentOutOfRangeException(nameof(advice), advice, "Use Normal, Random or Sequential.");
        }

        CheckSpan(start, count);
        if (count > 0)
        {
            _range.Call(Operation.Advise, OffsetOf(start), OffsetOf(count), (uint)advice);
        }
    }

    /// <summary>
    /// Forgets elements: they become zero, in a mapped file what the file holds. In a shared file
    /// nothing is lost. Only whole pages inside the span are forgotten.
    /// </summary>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not all inside the array.</exception>
    /// <exception cref="HmmException">
    /// EBUSY: some are pinned. ECONNRESET: the host has gone.
    /// </exception>
    public void DontNeed(long start, long count)
    {
        CheckSpan(start, count);
        if (TryWholePages(start, count, out var offset, out var bytes))
        {
            _range.Call(Operation.DontNeed, offset, bytes);
        }
    }

    /// <summary>As <see cref="DontNeed"/>; cancelling stops the wait, not the operation.</summary>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many elements.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    public Task DontNeedAsync(long start, long count, CancellationToken cancellationToken = default)
    {
        CheckSpan(start, count);
        return TryWholePages(start, count, out var offset, out var bytes)
            ? _range.CallAsync(Operation.DontNeed, offset, bytes, cancellationToken)
            : Task.CompletedTask;
    }

    /// <summary>
    /// Brings elements in and keeps them in DRAM, at one address, until the result is disposed.
    /// Needed while hardware writes to them by itself. Pins count against the budget, and add up.
    /// </summary>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many elements, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// They are not all inside the array, or none.
    /// </exception>
    /// <exception cref="HmmException">
    /// ENOMEM: the budget cannot hold them. ECONNRESET: the host has gone.
    /// </exception>
    public IDisposable Pin(long start, long count)
    {
        CheckPin(start, count);
        return HmmPin.Make(_range, OffsetOf(start), OffsetOf(count));
    }

    /// <summary>
    /// As <see cref="Pin"/>; a pin that is granted after cancelling is undone by itself.
    /// </summary>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many elements, at least 1.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    public Task<IDisposable> PinAsync(long start, long count, CancellationToken cancellationToken = default)
    {
        CheckPin(start, count);
        return HmmPin.MakeAsync(_range, OffsetOf(start), OffsetOf(count), cancellationToken);
    }

    /// <summary>
    /// Writes the array's changes to its shared file, durably. Does nothing for other arrays.
    /// </summary>
    /// <exception cref="HmmException">
    /// EIO, ENOSPC: the file's error. ECONNRESET: the host has gone.
    /// </exception>
    public void Flush() => Flush(0, Length);

    /// <summary>Writes the changes of elements to the shared file, durably.</summary>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not all inside the array.</exception>
    /// <exception cref="HmmException">
    /// EIO, ENOSPC: the file's error. ECONNRESET: the host has gone.
    /// </exception>
    public void Flush(long start, long count)
    {
        CheckSpan(start, count);
        if (count > 0)
        {
            _range.Call(Operation.Flush, OffsetOf(start), OffsetOf(count));
        }
    }

    /// <summary>As <see cref="Flush()"/>; cancelling stops the wait, not the operation.</summary>
    /// <param name="cancellationToken">Stops the wait.</param>
    public Task FlushAsync(CancellationToken cancellationToken = default) => FlushAsync(0, Length, cancellationToken);

    /// <summary>
    /// As <see cref="Flush(long, long)"/>; cancelling stops the wait, not the operation.
    /// </summary>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many elements.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    public Task FlushAsync(long start, long count, CancellationToken cancellationToken = default)
    {
        CheckSpan(start, count);
        return count > 0
            ? _range.CallAsync(Operation.Flush, OffsetOf(start), OffsetOf(count), cancellationToken)
            : Task.CompletedTask;
    }

    /// <summary>Sends the array's pages to a device; see <see cref="Migrate(string, long, long)"/>.</summary>
    /// <param name="device">The device's name, as <c>hmm devices</c> lists it.</param>
    public HmmMigration Migrate(string device) => Migrate(device, 0, Length);

    /// <summary>
    /// Sends the pages of elements to a device, from DRAM or from other devices, without a stop in DRAM. Pages that
    /// cannot go stay where they are, intact. A page that is touched meanwhile arrives and comes back.
    /// </summary>
    /// <param name="device">The device's name, as <c>hmm devices</c> lists it.</param>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many elements.</param>
    /// <returns>What became of each page.</returns>
    /// <exception cref="ArgumentException">The name is empty, or longer than 63 bytes of UTF-8.</exception>
    /// <exception cref="ArgumentOutOfRangeException">They are not all inside the array.</exception>
    /// <exception cref="HmmException">
    /// ENODEV: there is no such device. EBUSY: it is being removed. EINVAL: it takes persistent ranges only.
    /// ECONNRESET: the host has gone.
    /// </exception>
    public HmmMigration Migrate(string device, long start, long count)
    {
        CheckSpan(start, count);
        return _range.Migrate(device, OffsetOf(start), OffsetOf(count));
    }

    /// <summary>
    /// As <see cref="Migrate(string)"/>; cancelling stops it after the 16,384 pages that are on their way.
    /// </summary>
    /// <param name="device">The device's name.</param>
    /// <param name="cancellationToken">Stops the wait at once and the work soon after.</param>
    public Task<HmmMigration> MigrateAsync(string device, CancellationToken cancellationToken = default) =>
        MigrateAsync(device, 0, Length, cancellationToken);

    /// <summary>
    /// As <see cref="Migrate(string, long, long)"/>; cancelling stops it after the 16,384 pages that are on their way.
    /// </summary>
    /// <param name="device">The device's name.</param>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many elements.</param>
    /// <param name="cancellationToken">Stops the wait at once and the work soon after.</param>
    public Task<HmmMigration> MigrateAsync(
        string device, long start, long count, CancellationToken cancellationToken = default)
    {
        CheckSpan(start, count);
        return _range.MigrateAsync(device, OffsetOf(start), OffsetOf(count), cancellationToken);
    }

    /// <summary>Says where an element's page is.</summary>
    /// <param name="index">0 to <see cref="Length"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such element.</exception>
    /// <exception cref="HmmException">ECONNRESET: the host has gone.</exception>
    public PageDescription Describe(long index)
    {
        if ((ulong)index >= (ulong)_length)
        {
            ThrowIndex(index);
        }

        return _range.Describe(OffsetOf(index));
    }

    /// <summary>
    /// Summarises where the array's pages are, each cell an equal share of them, for a map.
    /// </summary>
    /// <param name="cells">1 to 4096.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no or too many cells.</exception>
    /// <exception cref="HmmException">ECONNRESET: the host has gone.</exception>
    public ResidencyCell[] Residency(int cells)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cells, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cells, Limits.ResidencyCellsMax);
        return Live.Residency(cells);
    }

    private bool TryWholePages(long start, long count, out ulong offset, out ulong bytes) =>
        _range.TryWholePages(OffsetOf(start), OffsetOf(count), OffsetOf(_elements), out offset, out bytes);

    private void Hint(HintKind kind, long start, long count)
    {
        CheckSpan(start, count);
        if (count > 0)
        {
            _range.Hint(kind, OffsetOf(start), OffsetOf(count));
        }
    }

    private void CheckPin(long start, long count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        CheckSpan(start, count);
    }
}
