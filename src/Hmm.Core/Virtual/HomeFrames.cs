// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;

namespace Hmm.Core.Virtual;

/// <summary>
/// Where the pages of a mapped file live when they have no frame of their own: page n in the frames that begin at
/// <c>First + n * frames per page</c> of a page map that belongs to the file.
/// </summary>
/// <param name="PageMap">The file's page map.</param>
/// <param name="First">The frame of page 0.</param>
internal sealed record HomeFrames(PageMap PageMap, Pfn First);
