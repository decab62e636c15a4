// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <summary>
/// Segments in lists: free ones with room and without, and closed ones by how full they are, in 64ths, so that the
/// emptiest is found without looking. The links are in the segments.
/// </summary>
/// <remarks>Guarded by the log's gate. Invariant: a segment is in at most one list, the one that it says.</remarks>
internal sealed class SegmentLists
{
    public const int None = -1;
    public const short Warm = 0;
    public const short Cold = 1;

    private const int FirstByLive = 2;
    private const int Levels = 64;

    private readonly Segment[] _segments; // immutable
    private readonly int[] _heads = new int[FirstByLive + Levels + 1];
    private readonly int[] _counts = new int[FirstByLive + Levels + 1];

    public SegmentLists(Segment[] segments)
    {
        _segments = segments;
        Array.Fill(_heads, None);
    }

    /// <summary>How many are in a list.</summary>
    public int CountOf(short list) => _counts[list];

    public bool TryPop(short list, out int segment)
    {
        segment = _heads[list];
        if (segment == None)
        {
            return false;
        }

        Remove(segment);
        return true;
    }

    public void Push(short list, int segment)
    {
        ref var record = ref _segments[segment];
        (record.List, record.Next, record.Previous) = (list, _heads[list], None);
        if (record.Next != None)
        {
            _segments[record.Next].Previous = segment;
        }

        _heads[list] = segment;
        _counts[list]++;
    }

    public void Remove(int segment)
    {
        ref var record = ref _segments[segment];
        if (record.Next != None)
        {
            _segments[record.Next].Previous = record.Previous;
        }

        if (record.Previous != None)
        {
            _segments[record.Previous].Next = record.Next;
        }
        else
        {
            _heads[record.List] = record.Next;
        }

        _counts[record.List]--;
    }

    /// <summary>Adds a segment that is closed.</summary>
    public void AddClosed(int segment) => Push(ListOf(segment), segment);

    /// <summary>Moves a closed segment to where its number of pages calls for.</summary>
    public void Refile(int segment)
    {
        var list = ListOf(segment);
        if (list != _segments[segment].List)
        {
            Remove(segment);
            Push(list, segment);
        }
    }

    /// <summary>The emptiest segment with at most so many pages that a test accepts; or None.</summary>
    public int FindEmptiest<TTest>(int liveMax, TTest test)
        where TTest : struct, ISegmentTest
    {
        var levelMax = Math.Min(Levels - 1, LevelOf(liveMax));
        for (var level = 0; level <= levelMax; level++)
        {
            for (var segment = _heads[FirstByLive + level]; segment != None; segment = _segments[segment].Next)
            {
                if (_segments[segment].Live <= liveMax && test.Accepts(in _segments[segment]))
                {
                    return segment;
                }
            }
        }

        return None;
    }

    private static int LevelOf(int live) => live * Levels / Log.SegmentPages;

    private short ListOf(int segment) => (short)(FirstByLive + LevelOf(_segments[segment].Live));
}
