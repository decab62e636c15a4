// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Exports;

/// <summary>What one assembly exports.</summary>
/// <param name="Exports">Every export, in the order of the metadata.</param>
/// <param name="Problems">
/// One sentence for each declaration whose class is not clear: public in the core without a class, or with two.
/// </param>
internal sealed record ExportSurface(IReadOnlyList<Export> Exports, IReadOnlyList<string> Problems);
