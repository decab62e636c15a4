// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Sessions;

/// <summary>
/// Persistent ranges: opened on the session's thread, which reads nothing from the device; made durable on another.
/// </summary>
internal sealed partial class Session
{
    private void OpenPersistent(in OpenPersistentRequest request, ReceivedDescriptors descriptors)
    {
        CheckValue((uint)request.Advice, (uint)Uapi.Advice.Sequential, "The advice");
        CheckValue((uint)request.ErrorPolicy, (uint)ErrorPolicy.Wait, "The error policy");
        CheckReserved(request.Reserved);
        var name = CheckName(in request.Name);
        var device = CheckName(in request.Device);
        CheckRangeShape(new CreateRangeRequest
        {
            Kind = RangeKind.Persistent,
            PageShift = Limits.PageShiftMin,
            BaseAddress = request.BaseAddress,
            LengthBytes = request.LengthBytes,
            FileBytes = request.ContentBytes,
        });
        if (name.Length == 0 || request.ElementBytes == 0)
        {
            ThrowInvalid("A persistent range has a name, and elements of at least one byte.");
        }

        if (!_adopted)
        {
            ThrowInvalid("The session has no userfaultfd; send AdoptUserfaultfd before the first range.");
        }

        var range = _ranges.Add(request.BaseAddress, request.LengthBytes, Limits.PageShiftMin);
        try
        {
            var specification = new PersistentSpecification(
                device,
                name,
                request.Sequence,
                request.BaseAddress,
                request.LengthBytes,
                request.ContentBytes,
                request.ElementBytes,
                request.Advice,
                request.ErrorPolicy);
            _operations.OpenPersistent(range.Id, in specification, descriptors.Take(0));
        }
        catch (HmmException)
        {
            _ranges.Remove(range);
            throw;
        }

        _replies.Send(Operation.OpenPersistent, request.Header.Tag, new CreateRangeReply { RangeId = range.Id });
    }

    private void Checkpoint(in CheckpointRequest request)
    {
        var range = FindRange(request.RangeId);
        Accept();
        _ranges.Begin(range);
        _long.Enqueue(new LongOperation(Operation.Checkpoint, request.Header.Tag, range));
    }
}
