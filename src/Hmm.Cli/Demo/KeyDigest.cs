// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Demo;

/// <summary>
/// A digest of keys that does not depend on their order: equal before and after a sort, unless a
/// key was lost, doubled or changed. The sum alone would miss two changes that cancel out; the xor
/// of mixed keys does not add up that way.
/// </summary>
/// <param name="Count">How many keys.</param>
/// <param name="Sum">Their sum, modulo 2^64.</param>
/// <param name="Xor">The xor of their mixed values.</param>
internal readonly record struct KeyDigest(long Count, ulong Sum, ulong Xor)
{
    /// <summary>The digest with more keys.</summary>
    internal KeyDigest Add(ReadOnlySpan<ulong> keys)
    {
        var sum = Sum;
        var xor = Xor;
        foreach (var key in keys)
        {
            sum += key;
            xor ^= Mix(key);
        }

        return new KeyDigest(Count + keys.Length, sum, xor);
    }

    /// <summary>
    /// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): every bit of the key changes half of
    /// the result.
    /// </summary>
    private static ulong Mix(ulong key)
    {
        key += 0x9E3779B97F4A7C15;
        key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9;
        key = (key ^ (key >> 27)) * 0x94D049BB133111EB;
        return key ^ (key >> 31);
    }
}
