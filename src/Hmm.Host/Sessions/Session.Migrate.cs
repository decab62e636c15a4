// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Sessions;

/// <summary>
/// Moving pages by hand: of a range of this session, or, for an administrator, of any.
/// </summary>
internal sealed partial class Session
{
    private void Migrate(in MigrateRequest request)
    {
        CheckReserved(request.Reserved);
        var device = CheckName(in request.Device);
        if (device.Length == 0)
        {
            ThrowInvalid("The device has no name; name one that `hmm devices` lists.");
        }

        if (request.PageCount is 0 or > Limits.MigratePagesMax)
        {
            ThrowInvalid(
                $"A request moves {request.PageCount} pages; it may move 1 to {Limits.MigratePagesMax}, so ask for a "
                + "longer span in parts.");
        }

        SessionRange? range = null;
        if (request.SessionId == 0)
        {
            range = FindSpan(new PageSpanRequest
            {
                RangeId = request.RangeId, FirstPage = request.FirstPage, PageCount = request.PageCount,
            });
        }
        else
        {
            RequireAdministration("Moving pages of another session's range");
        }

        Accept();
        if (range is not null)
        {
            _ranges.Begin(range);
        }

        _long.Enqueue(new LongOperation(
            Operation.Migrate,
            request.Header.Tag,
            range,
            (long)request.FirstPage,
            request.PageCount,
            Device: device,
            OtherSession: request.SessionId,
            OtherRange: request.RangeId));
    }

    private void Migrate(in LongOperation operation, Span<byte> message)
    {
        Wire.Write(message, new MigrateReply { PageCount = (uint)operation.PageCount });
        _operations.Migrate(
            operation.OtherSession,
            operation.OtherRange,
            operation.FirstPage,
            operation.Device,
            message[MigrateReply.StructBytes..],
            _ended.Token);
    }
}
