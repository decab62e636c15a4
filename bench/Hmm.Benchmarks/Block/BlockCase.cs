// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Benchmarks.Block;

/// <summary>What is measured.</summary>
/// <param name="Name">fio's word for it.</param>
/// <param name="Random">At random places.</param>
/// <param name="Write">Evictions; else fills.</param>
/// <param name="Pages">Pages of 4 KiB a transfer.</param>
/// <param name="Depth">Transfers under way.</param>
internal sealed record BlockCase(string Name, bool Random, bool Write, int Pages, int Depth)
{
    public override string ToString() => $"{Name} {Pages * 4} KiB, depth {Depth}";
}
