// SPDX-License-Identifier: MIT
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Connection;

/// <summary>
/// The client's end of a hint ring: a hint is a store into shared memory, and a message only when
/// the host sleeps. Hints that do not fit are dropped and counted.
/// </summary>
/// <remarks>Threads: any, one at a time under a short lock. Allocates nothing for a hint.</remarks>
internal sealed unsafe class HintRing : IDisposable
{
    /// <summary>256 KiB: the index list of a few thousand random reads ahead.</summary>
    public const int Entries = 8192;

    private readonly HostConnection _connection; // Guarded by: immutable
    private readonly MappedMemory _memory; // Guarded by: immutable
    private readonly Lock _gate = new();
    private ulong _tail; // Guarded by: _gate
    private bool _disposed; // Guarded by: _gate

    private HintRing(HostConnection connection, MappedMemory memory)
    {
        _connection = connection;
        _memory = memory;
    }

    /// <summary>Makes a ring and hands it over; null if the host takes none.</summary>
    public static HintRing? TryAttach(HostConnection connection)
    {
        MappedMemory? memory = null;
        try
        {
            using var file = MemoryFile.Create("hmm-hints", HintRingLayout.SizeBytes(Entries));
            memory = MappedMemory.Map(file, HintRingLayout.SizeBytes(Entries), alignmentBytes: 4096);
            memory.DontFork();
            connection.Call(
                Operation.AttachHintRing,
                new AttachHintRingRequest { EntryCount = Entries },
                [(int)file.DangerousGetHandle()]);
            return new HintRing(connection, memory);
        }
        catch (HmmException exception) when (exception.Errno is not Errno.ECONNRESET)
        {
            // An older host, or no memory: hints go as messages.
            memory?.Dispose();
            return null;
        }
    }

    /// <summary>Publishes hints, as many as fit.</summary>
    public void Push(ReadOnlySpan<HintEntry> hints)
    {
        _connection.ThrowIfLost();
        lock (_gate)
        {
            if (_disposed)
            {
                return; // The host object was disposed in this very moment.
            }

            // Safe because the mapping is there until Dispose took this lock, and places are taken modulo its entries.
            var address = (byte*)_memory.Address;
            var entries = (HintEntry*)(address + HintRingLayout.EntriesOffset);
            var used = _tail - Volatile.Read(ref *(ulong*)(address + HintRingLayout.HeadOffset));
            var fit = (int)Math.Min((ulong)hints.Length, used > Entries ? 0 : Entries - used);
            for (var i = 0; i < fit; i++)
            {
                entries[(_tail + (ulong)i) % Entries] = hints[i];
            }

            _tail += (ulong)fit;
            Volatile.Write(ref *(ulong*)(address + HintRingLayout.TailOffset), _tail);
            if (fit < hints.Length)
            {
                Interlocked.Add(ref *(ulong*)(address + HintRingLayout.DroppedOffset), (ulong)(hints.Length - fit));
            }

            WakeLocked((uint*)(address + HintRingLayout.SleepingOffset));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _memory.Dispose();
        }
    }

    /// <summary>
    /// Wakes the host if it sleeps. The fence is between our tail and its flag: without it both sides could look before
    /// the other's store is seen, and the hints would lie until the next ones.
    /// </summary>
    private void WakeLocked(uint* sleeping)
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref *sleeping) != 0 && Interlocked.Exchange(ref *sleeping, 0) != 0)
        {
            _connection.Post(Operation.WakeHintRing, default(WakeHintRingRequest));
        }
    }
}
