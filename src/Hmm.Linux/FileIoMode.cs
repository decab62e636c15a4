// SPDX-License-Identifier: MIT
namespace Hmm.Linux;

/// <summary>How a <see cref="FileIo"/> reaches its file.</summary>
public enum FileIoMode
{
    /// <summary>
    /// Past the page cache (O_DIRECT); transfers that are not aligned to 4096 go through it all the
    /// same.
    /// </summary>
    Direct,

    /// <summary>Through the page cache: the file system does not offer better.</summary>
    Buffered,
}
