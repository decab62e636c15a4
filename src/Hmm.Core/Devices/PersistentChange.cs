// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Physical;

namespace Hmm.Core.Devices;

/// <summary>A page that a checkpoint changes.</summary>
/// <param name="Page">The page.</param>
/// <param name="Frame">The frame of the device that holds it now, held by the caller.</param>
[ExportSymbolGpl]
public readonly record struct PersistentChange(long Page, Pfn Frame);
