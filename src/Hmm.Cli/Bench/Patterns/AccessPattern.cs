// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Bench.Patterns;

/// <summary>What a benchmark does with a range's pages.</summary>
internal enum AccessPattern
{
    /// <summary>Loads word 0 of a page drawn uniformly, and checks it.</summary>
    RandRead,

    /// <summary>Adds 1 to word 1 of a page drawn uniformly.</summary>
    RandWrite,

    /// <summary>One or the other, as the write fraction says.</summary>
    RandRw,

    /// <summary>As RandRw, pages drawn by Zipf's law.</summary>
    Zipf,

    /// <summary>As RandRw, nine of ten draws among a tenth of the pages.</summary>
    Hot,

    /// <summary>Reads every word in order.</summary>
    SeqRead,

    /// <summary>Adds 1 to word 1 of every page in order.</summary>
    SeqWrite,

    /// <summary>Loads word 0 of every 16th page, then of their neighbours, and so on.</summary>
    Strided,

    /// <summary>Reads a hot set of half the budget at random while a scan goes over the rest.</summary>
    Scan,

    /// <summary>Sorts all of it in place as 64-bit keys.</summary>
    Sort,

    /// <summary>Builds a hash table from one part, then probes it with another.</summary>
    Join,
}
