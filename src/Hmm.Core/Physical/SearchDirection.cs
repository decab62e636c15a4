// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Physical;

/// <summary>From which end <see cref="ResourceTree.RequestFree"/> looks for a free span.</summary>
internal enum SearchDirection
{
    /// <summary>
    /// The highest span that fits: the default, far from System RAM, which grows from 0.
    /// </summary>
    TopDown,

    /// <summary>The lowest span that fits.</summary>
    BottomUp,
}
