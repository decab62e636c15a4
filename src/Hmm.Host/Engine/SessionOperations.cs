// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using System.Reflection;
using Hmm.Core.Physical;
using Hmm.Core.Virtual;
using Hmm.Host.Sessions;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>
/// One client: its userfaultfd, its address space, its ranges. What it asks for has been checked by its
/// <see cref="Session"/>; here it is done.
/// </summary>
internal sealed partial class SessionOperations : ISessionOperations
{
    private static readonly string s_version = typeof(SessionOperations).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    private readonly HostEngine _engine; // immutable
    private readonly AddressSpace _space; // immutable
    private readonly ConcurrentDictionary<ulong, ClientRange> _ranges = new(); // Guarded by: itself
    private readonly Lock _gate = new();
    private UserfaultFd? _faults; // Guarded by: the session's thread
    private StatisticsSum _closed; // Guarded by: _gate

    internal SessionOperations(HostEngine engine, ulong id, PeerCredentials peer)
    {
        _engine = engine;
        Id = id;
        Peer = peer;
        _space = engine.Manager.CreateAddressSpace($"session {id}");
    }

    /// <summary>The session's number.</summary>
    public ulong Id { get; }

    /// <summary>Who the client is.</summary>
    public PeerCredentials Peer { get; }

    /// <summary>Its ranges, by number.</summary>
    public IReadOnlyList<ClientRange> Ranges => [.. _ranges.Values.OrderBy(static range => range.Id)];

    /// <inheritdoc/>
    public HostDescription Hello(in ClientDescription client) =>
        new(Id, (ulong)_engine.Manager.Budget.Limit << Pfn.Shift, s_version);

    /// <inheritdoc/>
    public void AdoptUserfaultfd(int descriptor, AdoptFlags flags)
    {
        var faults = UserfaultFd.Adopt(descriptor);
        if (_faults is not null)
        {
            faults.Dispose();
            throw new HmmException(Errno.EBUSY, "The session has a userfaultfd already; it serves all of its ranges.");
        }

        _faults = faults;
        _engine.Faults.Add(faults, _space);
    }

    /// <inheritdoc/>
    public void CreateRange(ulong rangeId, in RangeSpecification range, int memory, int file)
    {
        // Each descriptor is owned from here on, whatever happens to the others.
        var fileIo = file < 0 ? null : AdoptFile(range.Kind, memory, file);
        MemoryFile memfd;
        try
        {
            memfd = MemoryFile.Adopt(memory);
        }
        catch
        {
            fileIo?.Dispose();
            throw;
        }

        if (_faults is null)
        {
            fileIo?.Dispose();
            memfd.Dispose();
            throw new HmmException(
                Errno.EINVAL, "Adopt a userfaultfd before creating a range; its faults could not be served.");
        }

        _ranges[rangeId] = ClientRange.Create(rangeId, range, _space, _engine.Manager, _faults, memfd, fileIo);
    }

    /// <inheritdoc/>
    public void CloseRange(ulong rangeId, CancellationToken connectionEnded)
    {
        if (_ranges.TryRemove(rangeId, out var range))
        {
            Close(range);
        }
    }

    /// <inheritdoc/>
    public void Advise(ulong rangeId, Advice advice, long firstPage, long pageCount)
    {
        _ranges[rangeId].Range.Advice = advice;
        _engine.Trace?.Advised(_ranges[rangeId].Range, advice);
    }

    /// <inheritdoc/>
    public void Unpin(ulong rangeId, long firstPage, long pageCount) =>
        _engine.Manager.Operations.Unpin(_ranges[rangeId].Range, firstPage, pageCount);

    /// <inheritdoc/>
    public void DontNeed(ulong rangeId, long firstPage, long pageCount, CancellationToken connectionEnded) =>
        _engine.Manager.Operations.DontNeed(_ranges[rangeId].Range, firstPage, pageCount);

    /// <inheritdoc/>
    public void Pin(ulong rangeId, long firstPage, long pageCount, CancellationToken connectionEnded) =>
        _engine.Manager.Operations.Pin(_ranges[rangeId].Range, firstPage, pageCount);

    /// <inheritdoc/>
    public void Flush(ulong rangeId, long firstPage, long pageCount, CancellationToken connectionEnded) =>
        _ranges[rangeId].Flush(_engine.Manager, firstPage, pageCount);

    /// <inheritdoc/>
    public void AddDevice(string specification, CancellationToken connectionEnded) =>
        _engine.Devices.Add(DeviceSpecification.Parse(specification));

    /// <inheritdoc/>
    public void RemoveDevice(string name, CancellationToken connectionEnded) =>
        _engine.Devices.Remove(name, connectionEnded);

    /// <inheritdoc/>
    public void Closed()
    {
        EndTrace();
        DetachHintRing();
        foreach (var range in Ranges)
        {
            try
            {
                CloseRange(range.Id, CancellationToken.None);
            }
            catch (HmmException exception)
            {
                // The client is gone: all that is left to do with its unwritten pages is to say so.
                HostLog.Write($"session {Id} (process {Peer.ProcessId}): {exception.Message}");
            }
        }

        if (_faults is not null)
        {
            _engine.Faults.Remove(_faults);
            _faults.Dispose();
        }

        _engine.Forget(this);
    }

    private void Close(ClientRange range)
    {
        try
        {
            range.Close(_engine.Manager, _space);
        }
        finally
        {
            lock (_gate)
            {
                _closed.Add(range.Range);
            }
        }
    }

    private static FileIo AdoptFile(RangeKind kind, int memory, int file)
    {
        try
        {
            // What leaves is written by a ring, many pages in one call; what comes is read by those who ask for it.
            var writes = kind == RangeKind.FileShared;
            return FileIo.Adopt(file, writable: writes, Files.MappedFile.WorkersDefault, ring: writes);
        }
        catch
        {
            MemoryFile.Adopt(memory).Dispose();
            throw;
        }
    }
}
