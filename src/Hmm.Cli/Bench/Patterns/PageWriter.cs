// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Bench.Patterns;

/// <summary>Writes the contents of one page; each follows from its number alone.</summary>
internal static class PageWriter
{
    internal const int PageBytes = 4096;
    internal const int PageWords = PageBytes / sizeof(ulong);

    /// <summary>The tag, and the count of writes.</summary>
    internal const int TagWords = 2;

    /// <summary>What word 0 of a page must hold.</summary>
    internal static ulong TagOf(long page) => Draw.Mix((ulong)page ^ 0xABCDEF12345);

    internal static void Fill(PageContent content, long page, long pages, Span<ulong> words)
    {
        if (content == PageContent.Rows)
        {
            new JoinLayout(pages).FillPage(page, words);
            return;
        }

        var state = Draw.Mix(((ulong)page * Draw.Golden) + 7);
        for (var i = 0; i < PageWords; i++)
        {
            words[i] = content == PageContent.Keys || (i & 1) != 0 ? Draw.Next(ref state) : (ulong)page & 0xff;
        }

        if (content == PageContent.Half)
        {
            words[0] = TagOf(page);
            words[1] = 0;
        }
    }
}
