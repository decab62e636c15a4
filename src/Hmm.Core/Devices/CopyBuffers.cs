// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

namespace Hmm.Core.Devices;

/// <summary>
/// Where the buffers of <see cref="CopySegment"/>s of small pages come from: buffers of equal size, one behind the
/// other, which stay where they are for the life of the host. A driver may register them with its device once, instead
/// of every buffer on every copy. Copies of pages larger than a buffer, and those after a missed deadline, use others.
/// </summary>
/// <param name="Address">The first byte of the first buffer, aligned to 4096.</param>
/// <param name="SizeBytes">The size of each, a multiple of 4096.</param>
/// <param name="Count">How many buffers.</param>
[ExportSymbolGpl]
public readonly record struct CopyBuffers(nint Address, int SizeBytes, int Count);
