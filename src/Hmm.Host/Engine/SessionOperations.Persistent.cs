// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Host.Sessions;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <content>Ranges that outlive the application and the host.</content>
internal sealed partial class SessionOperations
{
    /// <inheritdoc/>
    public void OpenPersistent(ulong rangeId, in PersistentSpecification range, int memory)
    {
        var memfd = MemoryFile.Adopt(memory);
        var specification = new RangeSpecification(
            RangeKind.Persistent,
            Limits.PageShiftMin,
            range.BaseAddress,
            range.LengthBytes,
            range.ContentBytes,
            range.Advice,
            range.Name,
            ErrorPolicy: range.ErrorPolicy);
        try
        {
            var home = _engine.Devices.OpenPersistent(
                range.Device,
                new PersistentCheckpoint(
                    range.Name,
                    range.Sequence,
                    TimeNs: 0,
                    specification.PageCount,
                    range.ContentBytes,
                    range.ElementBytes,
                    Peer.UserId,
                    PagesWritten: 0));

            // Whatever happens in there, both are its own.
            var opened = memfd;
            memfd = null;
            _ranges[rangeId] = ClientRange.Create(
                rangeId, specification, _space, _engine.Manager, _faults!, opened, file: null, home);
        }
        finally
        {
            memfd?.Dispose();
        }
    }

    /// <inheritdoc/>
    public (ulong Sequence, long Pages) Checkpoint(ulong rangeId, CancellationToken connectionEnded) =>
        _ranges[rangeId].Checkpoint(_engine.Manager);

    /// <inheritdoc/>
    public int QueryCheckpoints(bool everyone, ref ulong cursor, Span<CheckpointRecord> records)
    {
        var listed = _engine.Devices.Snapshot()
            .Where(static device => device.Persistent is not null)
            .SelectMany(static device => device.Persistent!.Checkpoints.Select(checkpoint => (device, checkpoint)))
            .Where(pair => everyone || pair.checkpoint.UserId == Peer.UserId)
            .ToList();
        return Fill(listed, ref cursor, records, static pair => new CheckpointRecord
        {
            Sequence = pair.checkpoint.Sequence,
            TimeNs = pair.checkpoint.TimeNs,
            LengthBytes = pair.checkpoint.LengthBytes,
            PagesWritten = (ulong)pair.checkpoint.PagesWritten,
            ElementBytes = pair.checkpoint.ElementBytes,
            UserId = pair.checkpoint.UserId,
            Name = FixedName.Truncate(pair.checkpoint.Name),
            Device = FixedName.Truncate(pair.device.Name),
        });
    }
}
