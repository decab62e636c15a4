// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Bench.Patterns;

/// <summary>
/// The numbers that patterns are drawn from: splitmix64 (Steele, Lea, Flood 2014), one state a thread, so that the same
/// seed touches the same pages in the same order on every system that is measured.
/// </summary>
internal static class Draw
{
    internal const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>The state that thread <paramref name="thread"/> begins with.</summary>
    internal static ulong StateOf(ulong seed, int thread) => Mix((seed * Golden) + (ulong)thread + 1);

    /// <summary>The next draw; moves the state on.</summary>
    internal static ulong Next(ref ulong state) => Finish(state += Golden);

    /// <summary>A draw below a bound: the upper half of the product, which needs no division.</summary>
    internal static long Below(ulong draw, long bound) => (long)Math.BigMul(draw, (ulong)bound, out _);

    /// <summary>The value that follows from one number alone.</summary>
    internal static ulong Mix(ulong value) => Finish(value + Golden);

    /// <summary>FNV-1a over the eight bytes of a number: what YCSB scrambles its ranks with.</summary>
    internal static ulong Fnv1A(ulong value)
    {
        var hash = 0xCBF29CE484222325;
        for (var i = 0; i < 8; i++)
        {
            hash = (hash ^ (value & 0xff)) * 1099511628211;
            value >>= 8;
        }

        return hash;
    }

    private static ulong Finish(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
