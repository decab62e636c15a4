// SPDX-License-Identifier: GPL-2.0-or-later
using System.Numerics;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Sessions;

/// <summary>Hints that come through shared memory.</summary>
internal sealed partial class Session
{
    private bool _hasHintRing; // Guarded by: session's thread

    private void HintRing(ReadOnlySpan<byte> message, Operation operation, ReceivedDescriptors descriptors)
    {
        if (operation == Operation.AttachHintRing)
        {
            AttachHintRing(Read<AttachHintRingRequest>(message, descriptors, expected: 1), descriptors);
            return;
        }

        _ = Read<WakeHintRingRequest>(message, descriptors);
        _operations.WakeHintRing();
    }

    private void AttachHintRing(in AttachHintRingRequest request, ReceivedDescriptors descriptors)
    {
        CheckReserved(request.Reserved);
        if (!BitOperations.IsPow2(request.EntryCount)
            || request.EntryCount is < HintRingLayout.EntriesMin or > HintRingLayout.EntriesMax)
        {
            ThrowInvalid(
                $"A hint ring of {request.EntryCount} entries cannot be; it has a power of two from "
                + $"{HintRingLayout.EntriesMin} to {HintRingLayout.EntriesMax}.");
        }

        if (_hasHintRing)
        {
            throw new HmmException(Errno.EEXIST, "The session has a hint ring already; put every hint into that one.");
        }

        _operations.AttachHintRing((int)request.EntryCount, descriptors.Take(0));
        _hasHintRing = true;
        _replies.SendDone(Operation.AttachHintRing, request.Header.Tag);
    }
}
