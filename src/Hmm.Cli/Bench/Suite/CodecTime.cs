// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Runtime.InteropServices;
using Hmm.Cli.Bench.Patterns;
using Hmm.Linux;

namespace Hmm.Cli.Bench.Suite;

/// <summary>What the codec of the compressed device takes by itself for a page of the benchmark.</summary>
internal static unsafe class CodecTime
{
    private const int Pages = 4096;

    /// <summary>The median time to decompress a page, in microseconds, over pages that are not in the cache.</summary>
    internal static double DecompressUs()
    {
        using var codec = Lz4Codec.Open();
        var lengths = new int[Pages];
        var times = new double[Pages];

        // Safe because both have room for Pages pages, and each page is used within its own.
        var page = (nint)NativeMemory.Alloc(PageWriter.PageBytes);
        var compressed = (nint)NativeMemory.Alloc(Pages * PageWriter.PageBytes);
        try
        {
            for (var i = 0; i < Pages; i++)
            {
                PageWriter.Fill(PageContent.Half, i, Pages, new Span<ulong>((void*)page, PageWriter.PageWords));
                lengths[i] = codec.Compress(page, PageWriter.PageBytes, At(i), PageWriter.PageBytes);
            }

            for (var i = 0; i < Pages; i++)
            {
                var start = Stopwatch.GetTimestamp();
                codec.Decompress(At(i), lengths[i], page, PageWriter.PageBytes);
                times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            }
        }
        finally
        {
            NativeMemory.Free((void*)page);
            NativeMemory.Free((void*)compressed);
        }

        Array.Sort(times);
        return times[Pages / 2];

        nint At(int i) => compressed + (i * PageWriter.PageBytes);
    }
}
