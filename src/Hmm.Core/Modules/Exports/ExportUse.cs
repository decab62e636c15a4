// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Exports;

/// <summary>An export and the modules that use it: one line of <c>hmm exports</c>.</summary>
internal sealed record ExportUse(Export Export, IReadOnlyList<string> Consumers);
