// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Simulation.Tests.Scheduling;

/// <summary>
/// The one source of chance of a run: SplitMix64 (Steele, Lea, Flood 2014). The same seed gives the same run on every
/// machine and runtime, which <see cref="Random"/> does not promise.
/// </summary>
/// <remarks>Threads: whoever holds the scheduler's baton.</remarks>
internal sealed class SeededRandom
{
    private ulong _state;

    public SeededRandom(ulong seed)
    {
        _state = seed;
    }

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 to <paramref name="limit"/> - 1.</summary>
    public int Next(int limit) => (int)((UInt128)NextBits() * (uint)limit >> 64);

    /// <summary><paramref name="low"/> to <paramref name="high"/>, both included.</summary>
    public int Between(int low, int high) => low + Next(high - low + 1);

    /// <summary>True with a probability in thousandths.</summary>
    public bool Chance(int permille) => permille > 0 && Next(1000) < permille;

    /// <summary>One of several values.</summary>
    public T Pick<T>(ReadOnlySpan<T> values) => values[Next(values.Length)];
}
