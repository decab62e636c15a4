// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Core.Physical;
using Hmm.Core.Virtual;
using Hmm.Host.Files;
using Hmm.Host.Sessions;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>
/// A client's range with everything the host holds for it: the memfd, the page table's memory, the mapped file.
/// Acquired in that order, given back in the opposite one, all of it or nothing.
/// </summary>
internal sealed class ClientRange
{
    // What the runtime needs to go on: with no descriptor left it ends the process (measured), and every application's
    // pages with it.
    private const int DescriptorsSpare = 64;

    private readonly ClientMemory _memory; // immutable
    private readonly PageTableMemory _table; // immutable
    private readonly MappedFile? _file; // immutable
    private readonly PersistentHome? _persistent; // immutable

    private ClientRange(
        ulong id,
        ClientMemory memory,
        PageTableMemory table,
        MappedFile? file,
        PersistentHome? persistent,
        MemoryRange range)
    {
        Id = id;
        _memory = memory;
        _table = table;
        _file = file;
        _persistent = persistent;
        Range = range;
    }

    /// <summary>Its number in the session.</summary>
    public ulong Id { get; }

    /// <summary>The range.</summary>
    public MemoryRange Range { get; }

    /// <summary>Takes over a client's descriptors and puts the span under management.</summary>
    /// <param name="id">Its number in the session.</param>
    /// <param name="specification">What the client asked for.</param>
    /// <param name="space">The client's address space.</param>
    /// <param name="manager">The memory manager.</param>
    /// <param name="faults">The session's userfaultfd.</param>
    /// <param name="memory">The memfd; owned.</param>
    /// <param name="file">The file; owned. Null unless the range maps one.</param>
    /// <param name="persistent">What it was when it was last made durable; owned. Null for other kinds.</param>
    /// <exception cref="HmmException">EINVAL: the memfd is too short. And what the file or the core says.</exception>
    public static ClientRange Create(
        ulong id,
        in RangeSpecification specification,
        AddressSpace space,
        MemoryManager manager,
        UserfaultFd faults,
        MemoryFile memory,
        FileIo? file,
        PersistentHome? persistent = null)
    {
        var client = new ClientMemory(faults, memory, specification.BaseAddress, specification.PageShift);
        PageTableMemory? table = null;
        MappedFile? mapped = null;
        try
        {
            CheckDescriptors(memory);
            if (memory.LengthBytes < specification.LengthBytes)
            {
                throw new HmmException(
                    Errno.EINVAL,
                    $"The memory of range '{specification.Name}' has {memory.LengthBytes} bytes and the range "
                        + $"{specification.LengthBytes}; " +
                    "set the memfd's length first.");
            }

            var pages = (long)(specification.LengthBytes >> specification.PageShift);
            table = new PageTableMemory(pages);
            if (file is not null)
            {
                mapped = new MappedFile(
                    manager.Physical, specification.Name, file, specification.LengthBytes, specification.FileBytes);
            }

            var range = space.CreateRange(
                new MemoryRangeOptions
                {
                    Name = specification.Name,
                    Kind = specification.Kind,
                    BaseAddress = specification.BaseAddress,
                    PageShift = specification.PageShift,
                    PageCount = pages,
                    MinFrames = (long)specification.MinimumShareMiB << (20 - Pfn.Shift),
                    MaxFrames = (long)specification.MaximumShareMiB << (20 - Pfn.Shift),
                    ErrorPolicy = specification.ErrorPolicy,
                    TableMemory = table.Address,
                    Home = mapped?.Home ?? persistent?.Home,
                    Store = persistent?.Store,
                },
                client);
            range.Advice = specification.Advice;
            return new ClientRange(id, client, table, mapped, persistent, range);
        }
        catch
        {
            mapped?.Dispose();
            persistent?.Dispose();
            table?.Dispose();
            client.Dispose();
            throw;
        }
    }

    /// <summary>Writes the dirty pages of a shared file back, and the file's own buffers to its disk.</summary>
    /// <exception cref="HmmException">The first error since the last call.</exception>
    public void Flush(MemoryManager manager, long first, long count)
    {
        manager.Operations.Flush(Range, first, count);
        var error = Range.Kind == RangeKind.FileShared ? _file!.Sync() : Errno.None;
        if (error != Errno.None)
        {
            throw new HmmException(
                error, $"The file of '{Range.Name}' could not be written to its disk; what was flushed before may be "
                    + "lost.");
        }
    }

    /// <summary>Makes a persistent range durable.</summary>
    /// <exception cref="HmmException">EINVAL: it is none. And as <see cref="Checkpointer.Run"/>.</exception>
    public (ulong Sequence, long Pages) Checkpoint(MemoryManager manager)
    {
        if (_persistent is null)
        {
            throw new HmmException(
                Errno.EINVAL, $"Range '{Range.Name}' has no name on a persistent device; open it by one.");
        }

        return manager.Checkpoints.Run(Range, _persistent.Image);
    }

    /// <summary>
    /// Ends the range. A shared file gets what is dirty first; if that fails the range is closed all the same.
    /// A persistent range is what its last checkpoint is.
    /// </summary>
    /// <exception cref="HmmException">The write-back failed.</exception>
    public void Close(MemoryManager manager, AddressSpace space)
    {
        try
        {
            Flush(manager, 0, Range.PageCount);
        }
        finally
        {
            space.CloseRange(Range);
            EndHome(_file);
            EndHome(_persistent);
            _table.Dispose();
            _memory.Dispose();
        }
    }

    /// <summary>
    /// Gives up what stands behind the range. If its disk does not answer, that takes as long as the disk does, and
    /// nobody waits for it: copies that are under way go to buffers that are kept for them.
    /// </summary>
    private void EndHome(IDisposable? home)
    {
        if (home is not null && Range.Home!.PageMap.Copies.IsOverdue)
        {
            new Thread(home.Dispose) { IsBackground = true, Name = "hmm-late-close" }.Start();
        }
        else
        {
            home?.Dispose();
        }
    }

    /// <summary>
    /// A new descriptor gets the lowest number that is free: one near the limit says that hardly any are left.
    /// </summary>
    private static void CheckDescriptors(MemoryFile newest)
    {
        var limit = SystemInfo.DescriptorsMax;
        if ((ulong)newest.DangerousGetHandle() + DescriptorsSpare > limit)
        {
            throw new HmmException(
                Errno.EMFILE,
                $"The host may have {limit} files open and needs two for each range; close ranges, or raise the limit "
                    + "of the host (ulimit -n, or LimitNOFILE= of its service).");
        }
    }
}
