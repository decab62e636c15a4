// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Loading;

/// <summary>A folder that modules may be loaded from, with everything below it.</summary>
/// <param name="Path">The folder.</param>
/// <param name="InTree">Whether its modules were built with the host; others are tainted "out of tree".</param>
internal sealed record ModuleFolder(string Path, bool InTree);
