// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Uapi;

namespace Hmm.Core.Virtual;

/// <summary>
/// All ranges of one application, by address. One client's address space never shows another's ranges: everything a
/// session may name goes through its own.
/// </summary>
/// <remarks>
/// Threads: any. The fault path finds a range without a lock: the sorted array is replaced, never changed.
/// Invariant: ranges do not overlap and are sorted by address.
/// </remarks>
internal sealed class AddressSpace
{
    private readonly MemoryManager _manager; // immutable
    private readonly Lock _gate = new();
    private MemoryRange[] _ranges = []; // Guarded by: _gate for writers, atomic for readers

    internal AddressSpace(MemoryManager manager, string name)
    {
        _manager = manager;
        Name = name;
    }

    /// <summary>Whose it is.</summary>
    public string Name { get; }

    /// <summary>Its ranges, by address.</summary>
    public ReadOnlySpan<MemoryRange> Ranges => Volatile.Read(ref _ranges);

    /// <summary>Finds the range that holds an address.</summary>
    public MemoryRange? Find(ulong address)
    {
        var ranges = Volatile.Read(ref _ranges);
        var low = 0;
        var high = ranges.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var range = ranges[middle];
            if (range.Contains(address))
            {
                return range;
            }

            if (address < range.BaseAddress)
            {
                high = middle - 1;
            }
            else
            {
                low = middle + 1;
            }
        }

        return null;
    }

    /// <summary>Puts a span of addresses under management.</summary>
    /// <exception cref="HmmException">
    /// EINVAL: not aligned or out of bounds. EEXIST: overlaps another range. EMFILE.
    /// </exception>
    public MemoryRange CreateRange(MemoryRangeOptions options, IUserMemory memory)
    {
        Check(options);
        lock (_gate)
        {
            var end = options.BaseAddress + ((ulong)options.PageCount << options.PageShift);
            foreach (var other in _ranges)
            {
                if (options.BaseAddress < other.BaseAddress + other.LengthBytes && other.BaseAddress < end)
                {
                    throw new HmmException(
                        Errno.EEXIST,
                        $"Range '{options.Name}' would overlap range '{other.Name}' at 0x{other.BaseAddress:x}; "
                            + "close that one first.");
                }
            }

            _manager.Shares.Add(options);
            MemoryRange range;
            try
            {
                range = _manager.Ranges.Add(id => new MemoryRange(this, id, options, memory, _manager));
            }
            catch
            {
                _manager.Shares.Remove(options.MinFrames);
                throw;
            }

            _manager.Shares.Opened(range);
            _manager.Trace?.Opened(range);
            var ranges = (MemoryRange[])[.. _ranges, range];
            Array.Sort(ranges, static (left, right) => left.BaseAddress.CompareTo(right.BaseAddress));
            Volatile.Write(ref _ranges, ranges);
            return range;
        }
    }

    /// <summary>
    /// Ends the management of a range: waits until nobody works on its pages, frees its frames and its share of the
    /// budget. Its contents are gone; a shared file's are what <see cref="RangeOperations.Flush"/> wrote.
    /// </summary>
    public void CloseRange(MemoryRange range)
    {
        lock (_gate)
        {
            if (!Array.Exists(_ranges, other => other == range))
            {
                return;
            }

            Volatile.Write(ref _ranges, Array.FindAll(_ranges, other => other != range));
        }

        _manager.Operations.Release(range);
    }

    private static void Check(MemoryRangeOptions options)
    {
        var pageBytes = 1UL << options.PageShift;
        if (options.PageShift is < 12 or > 21 || options.PageCount <= 0 || options.PageCount >= 1L << 40
            || options.BaseAddress % pageBytes != 0
            || ulong.MaxValue - options.BaseAddress < (ulong)options.PageCount << options.PageShift)
        {
            throw new HmmException(
                Errno.EINVAL,
                $"Range '{options.Name}' (address 0x{options.BaseAddress:x}, {options.PageCount} pages of 2^"
                    + $"{options.PageShift} bytes) " +
                "is not a span of whole pages of 4 KiB to 2 MiB.");
        }

        if ((options.Kind == RangeKind.Anonymous) != (options.Home is null))
        {
            throw new HmmException(
                Errno.EINVAL, $"Range '{options.Name}' must have a file if, and only if, it maps one.");
        }
    }
}
