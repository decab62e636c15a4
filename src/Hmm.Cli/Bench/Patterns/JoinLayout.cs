// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Bench.Patterns;

/// <summary>
/// Where a join's parts lie: an eighth of the pages are the rows to build from, three eighths the table, the rest the
/// rows to probe with. A row is 256 bytes and begins with its key; a slot of the table is 64.
/// </summary>
internal readonly struct JoinLayout
{
    internal const int RowWords = 32;
    internal const int SlotWords = 8;
    private const int RowsAPage = PageWriter.PageWords / RowWords;
    private readonly long _pages;

    internal JoinLayout(long pages) => _pages = pages;

    internal long BuildRows => _pages / 8 * RowsAPage;

    internal long TableFirstPage => _pages / 8;

    internal long TablePages => _pages / 8 * 3;

    internal long Slots => TablePages * (PageWriter.PageWords / SlotWords);

    internal long ProbeFirstPage => TableFirstPage + TablePages;

    internal long ProbeRows => (_pages - ProbeFirstPage) * RowsAPage;

    /// <summary>The key of a row to build from; never 0, which marks a free slot.</summary>
    internal static ulong BuildKey(long row) => Draw.Mix((ulong)row) | 1;

    /// <summary>Every second row to probe with has a partner.</summary>
    internal ulong ProbeKey(long row)
    {
        var draw = Draw.Mix((ulong)row + 0x5EED);
        return (row & 1) == 0 ? BuildKey(Draw.Below(draw, BuildRows)) : draw & ~1UL;
    }

    /// <summary>How many rows to probe with have one; the keys without a partner are even.</summary>
    internal long Matches => (ProbeRows + 1) / 2;

    internal void FillPage(long page, Span<ulong> words)
    {
        words.Clear();
        if (page >= TableFirstPage && page < ProbeFirstPage)
        {
            return;
        }

        var build = page < TableFirstPage;
        var state = Draw.Mix((ulong)page);
        for (var i = 0; i < PageWriter.PageWords; i += RowWords)
        {
            var row = ((build ? page : page - ProbeFirstPage) * RowsAPage) + (i / RowWords);
            words[i] = build ? BuildKey(row) : ProbeKey(row);
            for (var k = 1; k < RowWords; k += 2)
            {
                words[i + k] = Draw.Next(ref state);
            }
        }
    }
}
