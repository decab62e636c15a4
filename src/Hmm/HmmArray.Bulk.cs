// SPDX-License-Identifier: MIT
using System.Runtime.CompilerServices;

namespace Hmm;

/// <content> Bulk access: pages are brought in by system call, a step at a time, and then copied. A
/// slow device makes the caller wait, and nobody else. </content>
public sealed unsafe partial class HmmArray<T>
{
    /// <summary>Copies elements out.</summary>
    /// <param name="start">The first element.</param>
    /// <param name="destination">Where they go; its length says how many.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not all inside the array.</exception>
    /// <exception cref="Uapi.HmmException">
    /// EHWPOISON: a page is lost. ENOMEM: there is no room for it. ECONNRESET: the host has gone.
    /// </exception>
    public void Read(long start, Span<T> destination)
    {
        CheckSpan(start, destination.Length);
        using var hold = new Hold(_range);
        for (var done = 0; done < destination.Length;)
        {
            var count = (int)Math.Min(destination.Length - done, StepElements);
            PopulateCore(start + done, count, write: false);

            // Safe here and below because the span was checked and the range is held.
            new ReadOnlySpan<T>(_pointer + start + done, count).CopyTo(destination[done..]);
            done += count;
        }
    }

    /// <summary>Copies elements in.</summary>
    /// <param name="start">The first element.</param>
    /// <param name="source">What to copy.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not all inside the array.</exception>
    /// <exception cref="Uapi.HmmException">
    /// EHWPOISON: a page is lost. ENOMEM: there is no room for it. ECONNRESET: the host has gone.
    /// </exception>
    public void Write(long start, ReadOnlySpan<T> source)
    {
        CheckSpan(start, source.Length);
        using var hold = new Hold(_range);
        for (var done = 0; done < source.Length;)
        {
            var count = (int)Math.Min(source.Length - done, StepElements);
            PopulateCore(start + done, count, write: true);
            source.Slice(done, count).CopyTo(new Span<T>(_pointer + start + done, count));
            done += count;
        }
    }

    /// <summary>Sets elements to one value.</summary>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many elements.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not all inside the array.</exception>
    /// <exception cref="Uapi.HmmException">
    /// EHWPOISON: a page is lost. ENOMEM: there is no room for it. ECONNRESET: the host has gone.
    /// </exception>
    public void Fill(long start, long count, T value)
    {
        CheckSpan(start, count);
        using var hold = new Hold(_range);
        for (var done = 0L; done < count;)
        {
            var step = (int)Math.Min(count - done, StepElements);
            PopulateCore(start + done, step, write: true);
            new Span<T>(_pointer + start + done, step).Fill(value);
            done += step;
        }
    }

    /// <summary>
    /// Copies elements to another array, or to another place of this one; the places may overlap.
    /// </summary>
    /// <param name="start">The first element.</param>
    /// <param name="destination">The other array.</param>
    /// <param name="destinationStart">Its first element to be written.</param>
    /// <param name="count">How many elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// They are not all inside both arrays.
    /// </exception>
    /// <exception cref="Uapi.HmmException">
    /// EHWPOISON: a page is lost. ENOMEM: there is no room for it. ECONNRESET: the host has gone.
    /// </exception>
    public void CopyTo(long start, HmmArray<T> destination, long destinationStart, long count)
    {
        ArgumentNullException.ThrowIfNull(destination);
        CheckSpan(start, count);
        destination.CheckSpan(destinationStart, count);
        using var holdSource = new Hold(_range);
        using var holdDestination = new Hold(destination._range);

        // Upwards within one array, the last step goes first: it would be overwritten otherwise.
        var isUpwards = ReferenceEquals(this, destination) && destinationStart > start;
        for (var done = 0L; done < count;)
        {
            var step = (int)Math.Min(count - done, StepElements);
            var at = isUpwards ? count - done - step : done;
            PopulateCore(start + at, step, write: false);
            destination.PopulateCore(destinationStart + at, step, write: true);
            var source = new ReadOnlySpan<T>(_pointer + start + at, step);
            source.CopyTo(new Span<T>(destination._pointer + destinationStart + at, step));
            done += step;
        }
    }

    /// <summary>
    /// Brings elements in and waits for them, without holding up the garbage collector. Where DRAM is
    /// full, the first of more than a tenth of the budget may have left again: see <see cref="Pin"/>.
    /// </summary>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many elements.</param>
    /// <param name="write">
    /// Whether they will be written: the first write then does not fault again.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">They are not all inside the array.</exception>
    /// <exception cref="Uapi.HmmException">
    /// EHWPOISON: a page is lost. ENOMEM: there is no room for it. ECONNRESET: the host has gone.
    /// </exception>
    public void Populate(long start, long count, bool write = false)
    {
        CheckSpan(start, count);
        if (count > 0)
        {
            using var hold = new Hold(_range);
            PopulateCore(start, count, write);
        }
    }

    /// <summary>As <see cref="Populate"/>, on a thread of the pool.</summary>
    /// <param name="start">The first element.</param>
    /// <param name="count">How many elements.</param>
    /// <param name="write">Whether they will be written.</param>
    /// <param name="cancellationToken">
    /// Looked at once a MiB: a fault itself cannot be cancelled.
    /// </param>
    public Task PopulateAsync(long start, long count, bool write = false, CancellationToken cancellationToken = default)
    {
        CheckSpan(start, count);
        return Task.Run(Steps, cancellationToken);

        void Steps()
        {
            using var hold = new Hold(_range);
            for (var done = 0L; done < count;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var step = Math.Min(count - done, StepElements);
                PopulateCore(start + done, step, write);
                done += step;
            }
        }
    }

    /// <summary>
    /// The elements of one step; one that is larger than a step is a step of its own.
    /// </summary>
    private static long StepElements => Math.Max(1, (long)HmmRange.PopulateStepBytes / Unsafe.SizeOf<T>());

    private void PopulateCore(long start, long count, bool write) =>
        _range.Populate(OffsetOf(start), OffsetOf(count), write);

    private static ulong OffsetOf(long element) => (ulong)element * (ulong)Unsafe.SizeOf<T>();

    /// <summary>
    /// Keeps the mapping during a bulk operation, even if another thread disposes the array.
    /// </summary>
    private readonly ref struct Hold
    {
        private readonly HmmRange _range;

        public Hold(HmmRange range)
        {
            range.Hold();
            _range = range;
        }

        public void Dispose() => _range.Release();
    }
}
