// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Compressed;

/// <summary>
/// The store's spans in lists: for each class by how full they are, in quarters, so that objects go where it is fullest
/// and come from where it is emptiest; and two lists of empty ones, with DRAM and without. The links are in the
/// records.
/// </summary>
/// <remarks>
/// Guarded by the store's gate. Invariant: a span is in at most one list, the one that its record
/// says.
/// </remarks>
internal sealed unsafe class SpanLists
{
    /// <summary>Empty spans that have DRAM.</summary>
    public const short Warm = 0;

    /// <summary>Empty spans that have none.</summary>
    public const short Cold = 1;

    // Four quarters, and full.
    private const int Quarters = 4;
    private const int FirstOfClasses = 2;

    private readonly SpanRecord* _records; // immutable
    private readonly int[] _heads = new int[FirstOfClasses + ((Quarters + 1) * SizeClasses.Count)];

    public SpanLists(SpanRecord* records)
    {
        _records = records;
        Array.Fill(_heads, SpanRecord.None);
    }

    /// <summary>Takes a span from <see cref="Warm"/> or <see cref="Cold"/>.</summary>
    public bool TryPop(short list, out int span)
    {
        span = _heads[list];
        if (span == SpanRecord.None)
        {
            return false;
        }

        Remove(span);
        return true;
    }

    /// <summary>Adds an empty span to <see cref="Warm"/> or <see cref="Cold"/>.</summary>
    public void Push(short list, int span)
    {
        var head = _heads[list];
        ref var record = ref _records[span];
        (record.List, record.Next, record.Previous) = (list, head, SpanRecord.None);
        if (head != SpanRecord.None)
        {
            _records[head].Previous = span;
        }

        _heads[list] = span;
    }

    /// <summary>Adds a span that has just been cut.</summary>
    public void Add(int span) => Push(ListOf(span), span);

    /// <summary>Takes a span out of its list.</summary>
    public void Remove(int span)
    {
        ref var record = ref _records[span];
        if (record.Next != SpanRecord.None)
        {
            _records[record.Next].Previous = record.Previous;
        }

        if (record.Previous != SpanRecord.None)
        {
            _records[record.Previous].Next = record.Next;
        }
        else
        {
            _heads[record.List] = record.Next;
        }
    }

    /// <summary>Moves a span to the list that its number of taken slots calls for.</summary>
    public void Refile(int span)
    {
        var list = ListOf(span);
        if (list != _records[span].List)
        {
            Remove(span);
            Push(list, span);
        }
    }

    /// <summary>
    /// A span of the fullest quarter that has a free slot, other than <paramref name="except"/>; or
    /// None.
    /// </summary>
    public int Fullest(int sizeClass, int except = SpanRecord.None)
    {
        for (var quarter = Quarters - 1; quarter >= 0; quarter--)
        {
            var span = _heads[Head(sizeClass, quarter)];
            if (span == except && span != SpanRecord.None)
            {
                span = _records[span].Next;
            }

            if (span != SpanRecord.None)
            {
                return span;
            }
        }

        return SpanRecord.None;
    }

    /// <summary>A span of the emptiest quarter; or None: all are full.</summary>
    public int Emptiest(int sizeClass)
    {
        for (var quarter = 0; quarter < Quarters; quarter++)
        {
            var span = _heads[Head(sizeClass, quarter)];
            if (span != SpanRecord.None)
            {
                return span;
            }
        }

        return SpanRecord.None;
    }

    private static int Head(int sizeClass, int quarter) => FirstOfClasses + (sizeClass * (Quarters + 1)) + quarter;

    private short ListOf(int span)
    {
        ref var record = ref _records[span];
        var sizeClass = record.ClassPlusOne - 1;
        return (short)Head(sizeClass, record.Used * Quarters / SizeClasses.SlotsPerSpan(sizeClass));
    }
}
