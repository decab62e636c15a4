// SPDX-License-Identifier: MIT
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm;

/// <content>What an administrator asks: lists of the host's things, and removing a
/// device.</content>
public sealed partial class HmmHost
{
    /// <summary>
    /// The most records that a list may have: 2^20, far beyond sessions times ranges that anyone
    /// looks at. It ends a list that a broken host never would.
    /// </summary>
    private const int RecordsMax = 1 << 20;

    /// <summary>The counters of the whole host.</summary>
    /// <exception cref="HmmException">
    /// EPERM: not root, and not the host's user. ECONNRESET: the host has gone.
    /// </exception>
    public Statistics HostStatistics => StatisticsOf(StatisticsScope.Host);

    /// <summary>The host's physical address space, parents first.</summary>
    /// <exception cref="HmmException">
    /// EPERM: not root, and not the host's user. ECONNRESET: the host has gone.
    /// </exception>
    public IReadOnlyList<ResourceRecord> Resources() => Query<ResourceRecord>(QueryKind.Resources);

    /// <summary>The host's devices.</summary>
    /// <exception cref="HmmException">
    /// EPERM: not root, and not the host's user. ECONNRESET: the host has gone.
    /// </exception>
    public IReadOnlyList<DeviceRecord> Devices() => Query<DeviceRecord>(QueryKind.Devices);

    /// <summary>The ways between the host's devices, for each pair one each way.</summary>
    /// <exception cref="HmmException">
    /// EPERM: not root, and not the host's user. ECONNRESET: the host has gone.
    /// </exception>
    public IReadOnlyList<PeerRecord> Peers() => Query<PeerRecord>(QueryKind.Peers);

    /// <summary>The host's page maps.</summary>
    /// <exception cref="HmmException">
    /// EPERM: not root, and not the host's user. ECONNRESET: the host has gone.
    /// </exception>
    public IReadOnlyList<PageMapRecord> PageMaps() => Query<PageMapRecord>(QueryKind.PageMaps);

    /// <summary>The ranges of this process; for an administrator those of every session.</summary>
    /// <exception cref="HmmException">ECONNRESET: the host has gone.</exception>
    public IReadOnlyList<RangeRecord> Ranges() => Query<RangeRecord>(QueryKind.Ranges);

    /// <summary>
    /// The checkpoints of persistent ranges, by device and name, oldest first: those of this user, for an administrator
    /// everyone's.
    /// </summary>
    /// <exception cref="HmmException">ECONNRESET: the host has gone.</exception>
    public IReadOnlyList<CheckpointRecord> Checkpoints() => Query<CheckpointRecord>(QueryKind.Checkpoints);

    /// <summary>Makes a device and lets pages go to it when the devices before it are full.</summary>
    /// <param name="specification">
    /// A driver and its parameters, at most 447 bytes: <c>block,folder=/var/tmp,size=64GiB</c>.
    /// </param>
    /// <exception cref="ArgumentException">It is too long, or has control characters.</exception>
    /// <exception cref="HmmException">
    /// ENOENT: no such driver. EEXIST: the name is taken. EINVAL: a parameter is wrong. EPERM: not
    /// root, and not the host's user. And what the driver says.
    /// </exception>
    public void AddDevice(string specification)
    {
        var request = new AddDeviceRequest { Specification = FixedText.Create(specification) };
        Connection.Call(Operation.AddDevice, in request);
    }

    /// <summary>
    /// As <see cref="AddDevice"/>; cancelling stops the wait, not the addition.
    /// </summary>
    /// <param name="specification">A driver and its parameters.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    public Task AddDeviceAsync(string specification, CancellationToken cancellationToken = default)
    {
        var request = new AddDeviceRequest { Specification = FixedText.Create(specification) };
        return Connection.CallAsync(Operation.AddDevice, request, cancellationToken);
    }

    /// <summary>Brings the pages of a device elsewhere and removes it.</summary>
    /// <param name="name">The device's name.</param>
    /// <exception cref="HmmException">
    /// ENODEV: no such device. ENOMEM: there is no room for its pages; it stays. EPERM: not root,
    /// and not the host's user.
    /// </exception>
    public void RemoveDevice(string name)
    {
        var request = new RemoveDeviceRequest { Name = FixedName.Create(name) };
        Connection.Call(Operation.RemoveDevice, in request);
    }

    /// <summary>
    /// As <see cref="RemoveDevice"/>; cancelling stops the wait, not the removal.
    /// </summary>
    /// <param name="name">The device's name.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    public Task RemoveDeviceAsync(string name, CancellationToken cancellationToken = default)
    {
        var request = new RemoveDeviceRequest { Name = FixedName.Create(name) };
        return Connection.CallAsync(Operation.RemoveDevice, request, cancellationToken);
    }

    /// <summary>Sends pages of any session's range to a device.</summary>
    /// <param name="range">The range, from <see cref="Ranges"/>.</param>
    /// <param name="device">The device's name.</param>
    /// <param name="firstPage">The first page.</param>
    /// <param name="pageCount">How many pages.</param>
    /// <param name="cancellationToken">Stops the wait at once and the work soon after.</param>
    /// <returns>What became of each page.</returns>
    /// <exception cref="ArgumentException">The name is empty or too long, or there are no such pages.</exception>
    /// <exception cref="HmmException">
    /// ENODEV: no such device. EBUSY: it is being removed. EINVAL: it takes persistent ranges only. ENOENT: the range
    /// is closed. EPERM: not root, and not the host's user.
    /// </exception>
    public Task<HmmMigration> MigrateAsync(
        RangeRecord range,
        string device,
        long firstPage,
        long pageCount,
        CancellationToken cancellationToken = default)
    {
        var pages = (long)(range.LengthBytes >> (int)range.PageShift);
        ArgumentOutOfRangeException.ThrowIfNegative(firstPage);
        ArgumentOutOfRangeException.ThrowIfNegative(pageCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstPage, pages);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pageCount, pages - firstPage);
        return HmmMigration.RunAsync(
            Connection,
            new MigrateRequest { SessionId = range.SessionId, RangeId = range.RangeId },
            device,
            new HmmMigration(firstPage, pageCount, 1 << (int)range.PageShift),
            cancellationToken);
    }

    private List<T> Query<T>(QueryKind kind)
        where T : unmanaged
    {
        List<T> records = [];
        var request = new QueryRequest { Kind = kind };
        do
        {
            using var pending = Connection.Exchange(Operation.Query, in request);
            var body = ReadPage<T>(pending.Reply, out var page);
            records.AddRange(MemoryMarshal.Cast<byte, T>(body));
            request.Cursor = page.NextCursor;
            if ((page.RecordCount == 0 && page.NextCursor != 0) || records.Count > RecordsMax)
            {
                throw new HmmException(
                    Errno.EPROTO,
                    "The Hmm host's list does not end; use a host of the same version.");
            }
        }
        while (request.Cursor != 0);

        return records;
    }

    private static ReadOnlySpan<byte> ReadPage<T>(ReadOnlySpan<byte> reply, out QueryReply page)
        where T : unmanaged
    {
        if (!Wire.TryReadPrefix(reply, out page)
            || page.RecordBytes != Unsafe.SizeOf<T>()
            || reply.Length - QueryReply.StructBytes != page.RecordCount * (long)page.RecordBytes)
        {
            throw new HmmException(
                Errno.EPROTO,
                "The Hmm host's list has another shape; use a host of the same version.");
        }

        return reply[QueryReply.StructBytes..];
    }
}
