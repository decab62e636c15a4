// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Sessions;

/// <summary>
/// From a message to an operation, one method each; they run on the session's thread.
/// </summary>
internal sealed partial class Session
{
    private void Dispatch(ReadOnlySpan<byte> message, in MessageHeader header, ReceivedDescriptors descriptors)
    {
        switch (header.Operation)
        {
            case Operation.Hello:
                Hello(message, in header, descriptors);
                break;
            case Operation.AdoptUserfaultfd:
                Adopt(Read<AdoptUserfaultfdRequest>(message, descriptors, expected: 1), descriptors);
                break;
            case Operation.CreateRange:
                CreateRange(message, descriptors);
                break;
            case Operation.CloseRange:
                CloseRange(Read<CloseRangeRequest>(message, descriptors));
                break;
            case Operation.Hint:
                Hint(Read<PageSpanRequest>(message, descriptors));
                break;
            case Operation.Advise:
                Advise(Read<PageSpanRequest>(message, descriptors));
                break;
            case Operation.Unpin:
                Unpin(Read<PageSpanRequest>(message, descriptors));
                break;
            case Operation.DontNeed:
            case Operation.Pin:
            case Operation.Flush:
            case Operation.Residency:
                BeginLong(Read<PageSpanRequest>(message, descriptors));
                break;
            case Operation.AddDevice:
            case Operation.RemoveDevice:
            case Operation.LoadModule:
            case Operation.UnloadModule:
            case Operation.ReadModules:
                Administer(message, header.Operation, descriptors);
                break;
            case Operation.OpenPersistent:
                OpenPersistent(Read<OpenPersistentRequest>(message, descriptors, expected: 1), descriptors);
                break;
            case Operation.Checkpoint:
                Checkpoint(Read<CheckpointRequest>(message, descriptors));
                break;
            case Operation.Migrate:
                Migrate(Read<MigrateRequest>(message, descriptors));
                break;
            case Operation.Statistics:
            case Operation.Describe:
            case Operation.Query:
                Report(message, header.Operation, descriptors);
                break;
            case Operation.AttachHintRing:
            case Operation.WakeHintRing:
                HintRing(message, header.Operation, descriptors);
                break;
            case Operation.StartTrace:
            case Operation.MarkTrace:
            case Operation.StopTrace:
                Trace(message, in header, descriptors);
                break;
            default:
                throw new HmmException(
                    Errno.ENOSYS,
                    $"Version {_replies.Version} has no operation {(ushort)header.Operation}; use a newer host.");
        }
    }

    private void Report(ReadOnlySpan<byte> message, Operation operation, ReceivedDescriptors descriptors)
    {
        switch (operation)
        {
            case Operation.Statistics:
                Statistics(Read<StatisticsRequest>(message, descriptors));
                break;
            case Operation.Describe:
                Describe(Read<DescribeRequest>(message, descriptors));
                break;
            default:
                Query(Read<QueryRequest>(message, descriptors));
                break;
        }
    }

    private void Administer(ReadOnlySpan<byte> message, Operation operation, ReceivedDescriptors descriptors)
    {
        switch (operation)
        {
            case Operation.AddDevice:
                AddDevice(Read<AddDeviceRequest>(message, descriptors));
                break;
            case Operation.RemoveDevice:
                RemoveDevice(Read<RemoveDeviceRequest>(message, descriptors));
                break;
            case Operation.LoadModule:
                LoadModule(Read<LoadModuleRequest>(message, descriptors));
                break;
            case Operation.UnloadModule:
                UnloadModule(Read<UnloadModuleRequest>(message, descriptors));
                break;
            default:
                ReadModules(Read<ReadModulesRequest>(message, descriptors));
                break;
        }
    }

    private void Hello(ReadOnlySpan<byte> message, in MessageHeader header, ReceivedDescriptors descriptors)
    {
        // A newer client's Hello may be longer: its first bytes keep their meaning for ever.
        if (!Wire.TryReadPrefix<HelloRequest>(message, out var request)
            || (message.Length > HelloRequest.StructBytes && request.VersionMax <= Protocol.VersionMax))
        {
            ThrowMalformed($"Hello has {HelloRequest.StructBytes} bytes and the message {message.Length}.");
        }

        CheckDescriptors(descriptors, expected: 0);
        var name = CheckName(in request.Name);
        if (request.VersionMin > request.VersionMax || header.Version != request.VersionMax)
        {
            ThrowMalformed("Hello's versions go from the oldest to the newest, and its header has the newest.");
        }

        var version = Math.Min(request.VersionMax, Protocol.VersionMax);
        if (version < Math.Max(request.VersionMin, Protocol.VersionMin))
        {
            throw new ProtocolException(
                Errno.EPROTONOSUPPORT,
                $"The client speaks versions {request.VersionMin} to {request.VersionMax} and the host versions "
                + $"{Protocol.VersionMin} to {Protocol.VersionMax}; update the older one.");
        }

        var mayAdminister = _peer.UserId == 0 || _peer.UserId == SystemInfo.UserId;
        var offered = Features.FileRanges | (mayAdminister ? Features.Administration : Features.None);
        _granted = request.Features & offered;
        var host = _operations.Hello(new ClientDescription(name, _peer, _granted));
        _greeted = true;
        _replies.Version = version;
        _replies.Send(Operation.Hello, header.Tag, new HelloReply
        {
            Version = version,
            ProcessId = (uint)Environment.ProcessId,
            Features = _granted,
            SessionId = host.SessionId,
            BudgetBytes = host.BudgetBytes,
            RangeBytesMax = Limits.RangeBytesMax,
            PageBytes = 1 << Limits.PageShiftMin,
            RangesMax = Limits.RangesPerSessionMax,
            MessageBytesMax = Limits.MessageBytesMax,
            RequestsInFlightMax = Limits.RequestsInFlightMax,
            HostVersion = FixedName.Truncate(host.Version),
        });
    }

    private void Adopt(in AdoptUserfaultfdRequest request, ReceivedDescriptors descriptors)
    {
        CheckReserved(request.Reserved);
        CheckValue((uint)request.Flags, (uint)AdoptFlags.UserModeOnly, "The flags");
        if (_adopted)
        {
            throw new HmmException(
                Errno.EEXIST,
                "The session has a userfaultfd already; register every range with that one.");
        }

        _operations.AdoptUserfaultfd(descriptors.Take(0), request.Flags);
        _adopted = true;
        _replies.SendDone(Operation.AdoptUserfaultfd, request.Header.Tag);
    }

    private void CreateRange(ReadOnlySpan<byte> message, ReceivedDescriptors descriptors)
    {
        // The kind says how many descriptors there must be, so it is looked at first.
        _ = Wire.TryReadPrefix<CreateRangeRequest>(message, out var peek);
        var isFile = peek.Kind != RangeKind.Anonymous;
        var request = Read<CreateRangeRequest>(message, descriptors, expected: isFile ? 2 : 1);
        CheckValue((uint)request.Kind, (uint)RangeKind.FileShared, "The kind");
        CheckValue((uint)request.Advice, (uint)Uapi.Advice.Sequential, "The advice");
        CheckValue((uint)request.ErrorPolicy, (uint)ErrorPolicy.Wait, "The error policy");
        var name = CheckName(in request.Name);
        CheckRangeShape(in request);
        if (!_adopted)
        {
            ThrowInvalid("The session has no userfaultfd; send AdoptUserfaultfd before the first range.");
        }

        if (isFile && (_granted & Features.FileRanges) == 0)
        {
            throw new HmmException(Errno.EPERM, "A file range needs the FileRanges feature; ask for it in Hello.");
        }

        var range = _ranges.Add(request.BaseAddress, request.LengthBytes, (int)request.PageShift);
        try
        {
            var specification = new RangeSpecification(
                request.Kind,
                (int)request.PageShift,
                request.BaseAddress,
                request.LengthBytes,
                request.FileBytes,
                request.Advice,
                name,
                request.MinimumShareMiB,
                request.MaximumShareMiB,
                request.ErrorPolicy);
            var memory = descriptors.Take(0);
            _operations.CreateRange(range.Id, in specification, memory, isFile ? descriptors.Take(1) : -1);
        }
        catch (HmmException)
        {
            _ranges.Remove(range);
            throw;
        }

        _replies.Send(Operation.CreateRange, request.Header.Tag, new CreateRangeReply { RangeId = range.Id });
    }

    private void Hint(in PageSpanRequest request)
    {
        CheckReserved(request.Reserved);
        CheckValue(request.Argument, (uint)HintKind.WillWrite, "The kind of hint");

        // One-way, and the range may have been closed meanwhile: no exception, no reply.
        if (!_ranges.TryFind(request.RangeId, out var range) || !IsInside(range, in request))
        {
            _operations.HintDropped();
            return;
        }

        _operations.Hint(range.Id, (HintKind)request.Argument, (long)request.FirstPage, (long)request.PageCount);
    }

    private void Advise(in PageSpanRequest request)
    {
        CheckReserved(request.Reserved);
        CheckValue(request.Argument, (uint)Uapi.Advice.Sequential, "The advice");
        var range = FindSpan(in request);
        _operations.Advise(range.Id, (Advice)request.Argument, (long)request.FirstPage, (long)request.PageCount);
        _replies.SendDone(Operation.Advise, request.Header.Tag);
    }

    private void Unpin(in PageSpanRequest request)
    {
        CheckReserved((ulong)request.Reserved | request.Argument);
        var range = FindSpan(in request);
        _operations.Unpin(range.Id, (long)request.FirstPage, (long)request.PageCount);
        _replies.SendDone(Operation.Unpin, request.Header.Tag);
    }

    private void Statistics(in StatisticsRequest request)
    {
        CheckReserved(request.Reserved);
        CheckValue((uint)request.Scope, (uint)StatisticsScope.Host, "The scope");
        if (request.Scope == StatisticsScope.Range)
        {
            _ = FindRange(request.RangeId);
        }
        else
        {
            CheckReserved(request.RangeId);
        }

        if (request.Scope == StatisticsScope.Host)
        {
            RequireAdministration("Statistics of the whole host");
        }

        var reply = new StatisticsReply { Statistics = _operations.Statistics(request.Scope, request.RangeId) };
        _replies.Send(Operation.Statistics, request.Header.Tag, in reply);
    }

    private void Describe(in DescribeRequest request)
    {
        SessionRange? range;
        var page = request.PageOrAddress;
        if (request.RangeId != 0)
        {
            range = FindRange(request.RangeId);
            if (page >= range.PageCount)
            {
                ThrowInvalid($"Range {range.Id} has {range.PageCount} pages, and no page {page}; count from 0.");
            }
        }
        else if (_ranges.TryFindAddress(page, out range))
        {
            page = (page - range.BaseAddress) >> range.PageShift;
        }
        else
        {
            throw new HmmException(Errno.ENOENT, $"No open range of the session holds the address 0x{page:x}.");
        }

        var reply = new DescribeReply { Page = _operations.Describe(range.Id, (long)page) };
        _replies.Send(Operation.Describe, request.Header.Tag, in reply);
    }
}
