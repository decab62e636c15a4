// SPDX-License-Identifier: MIT
namespace Hmm.Linux;

/// <summary>What the kernel is told about a mapping of its own (madvise).</summary>
public enum MappingAdvice
{
    /// <summary>Nothing: the kernel's default.</summary>
    None = 0,

    /// <summary>MADV_RANDOM: no readahead.</summary>
    Random = 1,

    /// <summary>MADV_SEQUENTIAL: readahead of twice the size, and pages behind are dropped first.</summary>
    Sequential = 2,
}
