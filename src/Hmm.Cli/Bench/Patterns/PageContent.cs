// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Bench.Patterns;

/// <summary>What pages hold before a benchmark begins.</summary>
internal enum PageContent
{
    /// <summary>
    /// Word 0 the page's tag, word 1 zero, then words of which every second one is random: compresses to a half.
    /// </summary>
    Half,

    /// <summary>Random keys.</summary>
    Keys,

    /// <summary>Rows of <see cref="JoinLayout"/>.</summary>
    Rows,
}
