// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Demo;

/// <summary>A file of the demo's data and its place in the range.</summary>
/// <param name="Path">The file.</param>
/// <param name="Offset">Where its first byte goes, a multiple of 8.</param>
/// <param name="LengthBytes">Its length, at least 1.</param>
internal sealed record DataFile(string Path, long Offset, long LengthBytes);
