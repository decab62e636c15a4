// SPDX-License-Identifier: MIT
namespace Hmm;

/// <summary>A symbol that modules may use: a line of <c>hmm exports</c>.</summary>
/// <param name="Checksum">A checksum of its whole signature: "0x1c2d3e4f".</param>
/// <param name="Symbol">Its name.</param>
/// <param name="Owner">The assembly that exports it.</param>
/// <param name="IsGplOnly">Whether it exists only for modules whose licence is GPL-compatible.</param>
/// <param name="Namespace">
/// The namespace to import; <c>module:a,b</c> where only those may use it; empty for none.
/// </param>
/// <param name="Consumers">The modules that use it.</param>
public sealed record HmmExport(
    string Checksum, string Symbol, string Owner, bool IsGplOnly, string Namespace, IReadOnlyList<string> Consumers);
