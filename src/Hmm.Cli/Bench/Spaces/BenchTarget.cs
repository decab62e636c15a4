// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Bench.Spaces;

/// <summary>Whose memory a pattern runs on.</summary>
internal enum BenchTarget
{
    /// <summary>A range of ours.</summary>
    Hmm,

    /// <summary>A shared mapping of the file, without advice.</summary>
    Mmap,

    /// <summary>The same with MADV_RANDOM.</summary>
    MmapRandom,

    /// <summary>The same with MADV_SEQUENTIAL.</summary>
    MmapSequential,

    /// <summary>The file as .NET maps it.</summary>
    MemoryMappedFile,

    /// <summary>Anonymous memory, with whatever swap is on.</summary>
    Anon,

    /// <summary>Anonymous memory, with a swap file that is made for the run.</summary>
    Swap,

    /// <summary>The same with zswap before it.</summary>
    Zswap,

    /// <summary>Anonymous memory, with a zram device that is made for the run.</summary>
    Zram,
}
