// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Sessions;

/// <summary>
/// Long operations: accepted on the session's thread (<c>Begin...</c>), run on another
/// (<see cref="RunLong"/>). A range closes when what was accepted for it before is done.
/// </summary>
internal sealed partial class Session
{
    private void BeginLong(in PageSpanRequest request)
    {
        CheckReserved(request.Reserved);
        var cells = 0;
        if (request.Header.Operation == Operation.Residency)
        {
            if (request.Argument is 0 or > Limits.ResidencyCellsMax)
            {
                ThrowInvalid($"A map of {request.Argument} cells; ask for 1 to {Limits.ResidencyCellsMax}.");
            }

            cells = (int)request.Argument;
        }
        else
        {
            CheckReserved(request.Argument);
        }

        var range = FindSpan(in request);
        Accept();
        _ranges.Begin(range);
        _long.Enqueue(new LongOperation(
            request.Header.Operation,
            request.Header.Tag,
            range,
            (long)request.FirstPage,
            (long)request.PageCount,
            cells));
    }

    private void CloseRange(in CloseRangeRequest request)
    {
        var range = FindRange(request.RangeId);
        Accept();
        if (_ranges.BeginClose(range, request.Header.Tag))
        {
            _long.Enqueue(new LongOperation(Operation.CloseRange, range.CloseTag, range));
        }
    }

    private void AddDevice(in AddDeviceRequest request)
    {
        var specification = CheckText(in request.Specification, "A device");
        RequireAdministration("Adding a device");
        Accept();
        _long.Enqueue(new LongOperation(Operation.AddDevice, request.Header.Tag, null, Device: specification));
    }

    private void RemoveDevice(in RemoveDeviceRequest request)
    {
        var name = CheckName(in request.Name);
        RequireAdministration("Removing a device");
        Accept();
        _long.Enqueue(new LongOperation(Operation.RemoveDevice, request.Header.Tag, null, Device: name));
    }

    private void Accept()
    {
        if (!_long.TryAccept())
        {
            throw new HmmException(
                Errno.EAGAIN,
                $"{Limits.RequestsInFlightMax} requests of the session are in flight; wait for a reply first.");
        }
    }

    /// <summary>Runs one accepted operation. Its place is free before the reply says so.</summary>
    private void RunLong(LongOperation operation)
    {
        var message = new byte[operation.Operation switch
        {
            Operation.Residency => ResidencyReply.StructBytes + (operation.Cells * ResidencyCell.StructBytes),
            Operation.Checkpoint => CheckpointReply.StructBytes,
            Operation.Migrate => MigrateReply.StructBytes + (int)operation.PageCount,
            Operation.ReadModules => Limits.MessageBytesMax,
            _ => ReplyHeader.StructBytes,
        }];
        var length = message.Length;
        HmmException? refused = null;
        try
        {
            Execute(in operation, message, ref length);
        }
        catch (HmmException exception)
        {
            refused = exception;
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // The connection is gone and nobody reads the reply, but the operation still ends
            // below.
            refused = new HmmException(Errno.ECANCELED, "The connection ended before the operation.");
        }

        Finish(in operation);
        if (refused is null)
        {
            _replies.SendBody(operation.Operation, operation.Tag, message.AsSpan(0, length));
        }
        else
        {
            _replies.SendError(operation.Operation, operation.Tag, refused.Errno, refused.Sentence);
        }
    }

    private void Execute(in LongOperation operation, Span<byte> message, ref int length)
    {
        var rangeId = operation.Range?.Id ?? 0;
        switch (operation.Operation)
        {
            case Operation.CloseRange:
                _operations.CloseRange(rangeId, _ended.Token);
                break;
            case Operation.DontNeed:
                _operations.DontNeed(rangeId, operation.FirstPage, operation.PageCount, _ended.Token);
                break;
            case Operation.Pin:
                _operations.Pin(rangeId, operation.FirstPage, operation.PageCount, _ended.Token);
                break;
            case Operation.Flush:
                _operations.Flush(rangeId, operation.FirstPage, operation.PageCount, _ended.Token);
                break;
            case Operation.Residency:
                Wire.Write(message, new ResidencyReply { CellCount = (uint)operation.Cells });
                var cells = MemoryMarshal.Cast<byte, ResidencyCell>(message[ResidencyReply.StructBytes..]);
                _operations.Residency(rangeId, operation.FirstPage, operation.PageCount, cells, _ended.Token);
                break;
            case Operation.Checkpoint:
                var (sequence, pages) = _operations.Checkpoint(rangeId, _ended.Token);
                Wire.Write(message, new CheckpointReply { Sequence = sequence, PagesWritten = (ulong)pages });
                break;
            case Operation.Migrate:
                Migrate(in operation, message);
                break;
            case Operation.AddDevice:
                _operations.AddDevice(operation.Device, _ended.Token);
                break;
            case Operation.RemoveDevice:
                _operations.RemoveDevice(operation.Device, _ended.Token);
                break;
            case Operation.LoadModule:
                var isForced = operation.Argument == (uint)LoadFlags.Force;
                _operations.LoadModule(operation.Device, isForced, _ended.Token);
                break;
            case Operation.UnloadModule:
                _operations.UnloadModule(operation.Device, _ended.Token);
                break;
            case Operation.ReadModules:
                length = ReadModules(in operation, message);
                break;
            default:
                Corruption.Fail($"operation {operation.Operation} was queued as a long one");
                break;
        }
    }

    private void Finish(in LongOperation operation)
    {
        _long.Done();
        if (operation.Operation == Operation.CloseRange)
        {
            _ranges.Remove(operation.Range!);
        }
        else if (operation.Range is { } range && _ranges.End(range))
        {
            _long.Enqueue(new LongOperation(Operation.CloseRange, range.CloseTag, range));
        }
    }
}
