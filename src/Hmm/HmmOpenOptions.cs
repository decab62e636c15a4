// SPDX-License-Identifier: MIT
using Hmm.Uapi;

namespace Hmm;

/// <summary>Options of a persistent range (<see cref="HmmHost.Open{T}(string, long, HmmOpenOptions?)"/>).</summary>
public sealed class HmmOpenOptions
{
    /// <summary>
    /// The persistent device, by its name in the host. Default (null): the only one there is.
    /// </summary>
    public string? Device { get; set; }

    /// <summary>
    /// The checkpoint to look at, by its number (<see cref="HmmHost.Checkpoints"/>): the array begins as that, what is
    /// written to it is gone with it, and it makes no checkpoints. Default (0): the last, to go on from there.
    /// </summary>
    public ulong Sequence { get; set; }

    /// <summary>How the range will be accessed at first. Default: <see cref="Advice.Normal"/>.</summary>
    public Advice Advice { get; set; }

    /// <summary>
    /// What becomes of a thread that touches a page which cannot be had. Default: <see cref="ErrorPolicy.Poison"/>.
    /// </summary>
    public ErrorPolicy ErrorPolicy { get; set; }

    internal void Validate()
    {
        if (Advice > Advice.Sequential)
        {
            throw new ArgumentOutOfRangeException(nameof(Advice), Advice, "Use Normal, Random or Sequential.");
        }

        if (ErrorPolicy > ErrorPolicy.Wait)
        {
            throw new ArgumentOutOfRangeException(nameof(ErrorPolicy), ErrorPolicy, "Use Poison or Wait.");
        }
    }
}
