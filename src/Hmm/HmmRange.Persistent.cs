// SPDX-License-Identifier: MIT
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm;

/// <summary>Ranges that outlive the program.</summary>
internal sealed partial class HmmRange
{
    /// <summary>Opens a persistent range. When a step fails, nothing of the steps before it is left.</summary>
    /// <param name="host">The host.</param>
    /// <param name="name">The range.</param>
    /// <param name="length">How many elements.</param>
    /// <param name="elementBytes">The size of one.</param>
    /// <param name="options">Checked options.</param>
    public static HmmRange Open(HmmHost host, string name, ulong length, uint elementBytes, HmmOpenOptions options)
    {
        const ulong Page = 1UL << Limits.PageShiftMin;
        var bytes = length * elementBytes;
        var request = new OpenPersistentRequest
        {
            LengthBytes = (bytes + Page - 1) & ~(Page - 1),
            ContentBytes = bytes,
            Sequence = options.Sequence,
            ElementBytes = elementBytes,
            Advice = options.Advice,
            ErrorPolicy = options.ErrorPolicy,
            Name = FixedName.Create(name),
            Device = FixedName.Create(options.Device ?? string.Empty),
        };
        MemoryFile? memory = null;
        MappedMemory? mapping = null;
        try
        {
            (memory, mapping) = Map(host.Faults, name, request.LengthBytes);
            request.BaseAddress = (ulong)mapping.Address;
            Span<int> descriptor = [(int)memory.DangerousGetHandle()];
            var reply = host.Connection.Call<OpenPersistentRequest, CreateRangeReply>(
                Operation.OpenPersistent, in request, descriptor);
            return new HmmRange(
                host, memory, mapping, RangeKind.Persistent, Limits.PageShiftMin, name, reply.RangeId);
        }
        catch
        {
            mapping?.Dispose();
            memory?.Dispose();
            throw;
        }
    }

    /// <summary>Makes a persistent range durable.</summary>
    public ulong Checkpoint()
    {
        var reply = _host.Connection.Call<CheckpointRequest, CheckpointReply>(
            Operation.Checkpoint, new CheckpointRequest { RangeId = Id });

        // The finalizer must not close the range while the host still works on this.
        GC.KeepAlive(this);
        return reply.Sequence;
    }

    /// <summary>As <see cref="Checkpoint"/>; cancelling stops the wait, not the checkpoint.</summary>
    public Task CheckpointAsync(CancellationToken cancellationToken) =>
        _host.Connection.CallAsync(Operation.Checkpoint, new CheckpointRequest { RangeId = Id }, cancellationToken);
}
