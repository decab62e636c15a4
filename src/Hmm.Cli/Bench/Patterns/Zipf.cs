// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Bench.Patterns;

/// <summary>
/// Zipf-distributed pages as YCSB draws them (Gray et al., "Quickly generating billion-record synthetic databases",
/// SIGMOD 1994), scattered over the range by a hash.
/// </summary>
internal sealed class Zipf
{
    private readonly long _pages; // immutable
    private readonly double _zetaOfPages; // immutable
    private readonly double _zetaOfTwo; // immutable
    private readonly double _alpha; // immutable
    private readonly double _eta; // immutable

    /// <summary>Sums the series: a quarter of a second for a million pages.</summary>
    internal Zipf(long pages, double theta)
    {
        _pages = pages;
        for (var rank = 1L; rank <= pages; rank++)
        {
            _zetaOfPages += 1 / Math.Pow(rank, theta);
        }

        _zetaOfTwo = 1 + (1 / Math.Pow(2, theta));
        _alpha = 1 / (1 - theta);
        _eta = (1 - Math.Pow(2.0 / pages, 1 - theta)) / (1 - (_zetaOfTwo / _zetaOfPages));
    }

    internal long Next(ref ulong state)
    {
        var uniform = (Draw.Next(ref state) >> 11) * (1.0 / (1UL << 53));
        var scaled = uniform * _zetaOfPages;
        var rank = scaled < 1 ? 0
            : scaled < _zetaOfTwo ? 1
            : (ulong)(_pages * Math.Pow((_eta * uniform) - _eta + 1, _alpha));
        return (long)(Draw.Fnv1A(Math.Min(rank, (ulong)_pages - 1)) % (ulong)_pages);
    }
}
