// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

namespace Hmm.Core.Devices;

/// <summary>
/// Where the buffers of <see cref="CopySegment"/>s come from: buffers of equal size in one piece of memory, which stays
/// where it is for the life of the host. A driver may register it with its device once, instead of every buffer on
/// every copy.
/// </summary>
/// <param name="Address">The first byte of the first buffer, aligned to 4096.</param>
/// <param name="StrideBytes">From one buffer to the next.</param>
/// <param name="UsedBytes">
/// How much of each, from its start, copies of 4 KiB pages use; what lies behind takes no DRAM until a larger page
/// needs it, unless it is registered too.
/// </param>
/// <param name="Count">How many buffers.</param>
[ExportSymbolGpl]
public readonly record struct CopyBuffers(nint Address, int StrideBytes, int UsedBytes, int Count);
