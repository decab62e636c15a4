// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <summary>What a log has done.</summary>
/// <param name="LivePages">Pages that it holds.</param>
/// <param name="PagesWritten">Pages that were evicted to it.</param>
/// <param name="PagesMoved">Pages that the cleaner moved: write amplification is 1 + moved by written.</param>
/// <param name="RunsWritten">In how many pieces the evicted ones were written.</param>
internal readonly record struct LogCounts(long LivePages, long PagesWritten, long PagesMoved, long RunsWritten);
