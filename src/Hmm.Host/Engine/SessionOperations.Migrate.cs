// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;
using Hmm.Core.Devices;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <content>Moving pages by hand.</content>
internal sealed partial class SessionOperations
{
    /// <inheritdoc/>
    public void Migrate(
        ulong sessionId,
        ulong rangeId,
        long firstPage,
        string device,
        Span<byte> results,
        CancellationToken connectionEnded)
    {
        var target = _engine.Devices.TargetOf(device);
        var range = Hold(sessionId, rangeId, firstPage, results.Length);
        try
        {
            var moved = _engine.Manager.Migrator.Migrate(range, firstPage, results.Length, target, connectionEnded);
            for (var page = 0; page < results.Length; page++)
            {
                var error = (int)moved.Errors[page];
                Corruption.Require(error is >= 0 and <= byte.MaxValue, "an error number fits a byte");
                results[page] = (byte)error;
            }
        }
        finally
        {
            _engine.Manager.Leave(range);
        }
    }

    /// <inheritdoc/>
    public int QueryPeers(ref ulong cursor, Span<PeerRecord> records) =>
        Fill(_engine.Devices.Pairs(), ref cursor, records, pair =>
        {
            var link = _engine.Manager.Placement.Peers.Between(pair.From.Memory.PageMap, pair.To.Memory.PageMap);
            return new PeerRecord
            {
                DirectPages = (ulong)link.DirectFrames,
                BouncedPages = (ulong)link.BouncedFrames,
                Distance = link.Distance,
                Type = link.Type,
                From = FixedName.Truncate(pair.From.Name),
                To = FixedName.Truncate(pair.To.Name),
            };
        });

    /// <summary>Finds a range and keeps it: another session may be closing its own.</summary>
    private MemoryRange Hold(ulong sessionId, ulong rangeId, long firstPage, long pageCount)
    {
        var session = sessionId == 0 ? this : _engine.Sessions.FirstOrDefault(other => other.Id == sessionId);
        if (session is null || !session._ranges.TryGetValue(rangeId, out var client)
            || !client.Range.Lifetime.TryGet())
        {
            throw new HmmException(
                Errno.ENOENT, $"Session {sessionId} has no open range {rangeId}; `hmm ranges` lists those there are.");
        }

        var range = client.Range;
        if (firstPage < 0 || firstPage > range.PageCount - pageCount)
        {
            _engine.Manager.Leave(range);
            throw new HmmException(
                Errno.EINVAL,
                $"{pageCount} pages from page {(ulong)firstPage} are not inside range {rangeId} of session "
                + $"{sessionId}, which has {range.PageCount}; name only pages of the range.");
        }

        return range;
    }
}
