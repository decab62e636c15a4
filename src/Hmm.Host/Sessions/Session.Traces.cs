// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Sessions;

/// <summary>Traces; all three are short: what takes long is done by the thread that writes the file.</summary>
internal sealed partial class Session
{
    private void Trace(ReadOnlySpan<byte> message, in MessageHeader header, ReceivedDescriptors descriptors)
    {
        switch (header.Operation)
        {
            case Operation.StartTrace:
                StartTrace(Read<StartTraceRequest>(message, descriptors, expected: 1), descriptors);
                break;
            case Operation.MarkTrace:
                _ = Read<MarkTraceRequest>(message, descriptors);
                _operations.MarkTrace();
                _replies.SendDone(Operation.MarkTrace, header.Tag);
                break;
            default:
                var counts = _operations.StopTrace(Read<StopTraceRequest>(message, descriptors).Accesses);
                _replies.Send(Operation.StopTrace, header.Tag, new StopTraceReply
                {
                    Records = counts.Records,
                    Dropped = counts.Dropped,
                    FileBytes = counts.FileBytes,
                });
                break;
        }
    }

    private void StartTrace(in StartTraceRequest request, ReceivedDescriptors descriptors)
    {
        CheckReserved(request.Reserved);
        CheckValue((uint)request.Mode, (uint)TraceMode.Full, "The mode");
        RequireAdministration("A trace");
        _operations.StartTrace(request.Mode, descriptors.Take(0));
        _replies.SendDone(Operation.StartTrace, request.Header.Tag);
    }
}
