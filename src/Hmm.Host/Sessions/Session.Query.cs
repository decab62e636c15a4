// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hmm.Core;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Sessions;

/// <summary>
/// Lists of records. They run on the session's thread; each page of a list is one reply.
/// </summary>
internal sealed partial class Session
{
    private delegate int FillRecords<T>(ref ulong cursor, Span<T> records);

    private void Query(in QueryRequest request)
    {
        CheckReserved(request.Reserved);
        CheckValue((uint)request.Kind, (uint)QueryKind.Peers, "The kind of query");
        var everything = (_granted & Features.Administration) != 0;
        if (request.Kind is not (QueryKind.Ranges or QueryKind.Checkpoints))
        {
            RequireAdministration("A list of the host's resources, devices or page maps");
        }

        switch (request.Kind)
        {
            case QueryKind.Resources:
                SendRecords<ResourceRecord>(in request, _operations.QueryResources);
                break;
            case QueryKind.Devices:
                SendRecords<DeviceRecord>(in request, _operations.QueryDevices);
                break;
            case QueryKind.PageMaps:
                SendRecords<PageMapRecord>(in request, _operations.QueryPageMaps);
                break;
            case QueryKind.Peers:
                SendRecords<PeerRecord>(in request, _operations.QueryPeers);
                break;
            case QueryKind.Checkpoints:
                SendRecords<CheckpointRecord>(
                    in request,
                    (ref ulong cursor, Span<CheckpointRecord> records) =>
                        _operations.QueryCheckpoints(everything, ref cursor, records));
                break;
            default:
                SendRecords<RangeRecord>(
                    in request,
                    (ref ulong cursor, Span<RangeRecord> records) =>
                        _operations.QueryRanges(everything, ref cursor, records));
                break;
        }
    }

    private void SendRecords<T>(in QueryRequest request, FillRecords<T> fill)
        where T : unmanaged
    {
        Span<byte> message = new byte[Limits.MessageBytesMax];
        var room = message[QueryReply.StructBytes..];
        var records = MemoryMarshal.Cast<byte, T>(room[..(room.Length - (room.Length % Unsafe.SizeOf<T>()))]);
        var cursor = request.Cursor;
        var count = fill(ref cursor, records);
        Corruption.Require((uint)count <= (uint)records.Length, "a list of records fits the room it was given");
        var reply = new QueryReply
        {
            NextCursor = cursor,
            RecordCount = (uint)count,
            RecordBytes = (uint)Unsafe.SizeOf<T>(),
        };
        Wire.Write(message, in reply);
        var length = QueryReply.StructBytes + (count * Unsafe.SizeOf<T>());
        _replies.SendBody(Operation.Query, request.Header.Tag, message[..length]);
    }
}
