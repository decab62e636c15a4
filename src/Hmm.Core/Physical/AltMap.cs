// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

namespace Hmm.Core.Physical;

/// <summary>
/// Memory that a driver supplies to hold the frame metadata of its own span, so that the metadata
/// costs the host nothing (Linux: <c>vmem_altmap</c>). It belongs to the page map until that is
/// removed, and is cleared first.
/// </summary>
/// <param name="Address">The first byte, aligned to 8.</param>
/// <param name="LengthBytes">
/// At least <see cref="PageMap.MetadataBytesPerFrame"/> a frame; there is no fall-back to the
/// host's memory.
/// </param>
[ExportSymbolGpl]
public readonly record struct AltMap(nint Address, ulong LengthBytes);
