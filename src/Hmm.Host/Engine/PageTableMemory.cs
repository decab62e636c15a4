// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Virtual;
using Hmm.Linux;

namespace Hmm.Host.Engine;

/// <summary>
/// The memory of one page table: a sparse memfd of its own, so that its descriptor can be handed to a later host
/// process, which maps it and goes on. Costs DRAM only where pages were touched.
/// </summary>
internal sealed class PageTableMemory : IDisposable
{
    private readonly MemoryFile _file; // immutable
    private readonly MappedMemory _mapping; // immutable

    /// <summary>Makes room for a table of that many pages, all never touched.</summary>
    public PageTableMemory(long pageCount)
    {
        var bytes = (PageTable.SizeBytes(pageCount) + 4095) & ~4095UL;
        _file = MemoryFile.Create("hmm-page-table", bytes);
        try
        {
            _mapping = MappedMemory.Map(_file, bytes);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>The first byte.</summary>
    public nint Address => _mapping.Address;

    /// <inheritdoc/>
    public void Dispose()
    {
        _mapping.Dispose();
        _file.Dispose();
    }
}
