// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <summary>What a log has done.</summary>
/// <param name="LivePages">Places that hold pages.</param>
/// <param name="PagesWritten">Pages that were evicted to it.</param>
/// <param name="PagesMoved">Pages that the cleaner moved: write amplification is 1 + moved by written.</param>
/// <param name="RunsWritten">In how many pieces the evicted ones were written.</param>
/// <param name="PagesJoined">Pages of other devices that share a place with one that is counted.</param>
internal readonly record struct LogCounts(
    long LivePages, long PagesWritten, long PagesMoved, long RunsWritten, long PagesJoined);
