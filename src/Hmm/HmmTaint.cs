// SPDX-License-Identifier: MIT
namespace Hmm;

/// <summary>A taint of the host: it stays until the host ends.</summary>
/// <param name="Letter">P proprietary, F forced, W warning, O out of tree, E unsigned.</param>
/// <param name="Source">The module that brought it, or "host".</param>
/// <param name="Reason">One sentence.</param>
public sealed record HmmTaint(string Letter, string Source, string Reason);
