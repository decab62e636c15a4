// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Hmm.Core.Virtual;

namespace Hmm.Benchmarks.Virtual;

/// <summary>
/// The state changes of one page from its fault to its eviction, on pages of a 4 GiB range drawn at random: what the
/// page table adds to a fault.
/// </summary>
[MemoryDiagnoser]
public unsafe class PageTableBenchmarks
{
    private const long Pages = 1 << 20;
    private const int Lives = 1 << 12;
    private readonly long[] _pages = new long[Lives];
    private void* _memory;
    private PageTable _table = null!;

    [GlobalSetup]
    public void SetUp()
    {
        // Safe because the table gets as much zeroed memory as it asks for, until CleanUp.
        _memory = NativeMemory.AllocZeroed((nuint)PageTable.SizeBytes(Pages));
        _table = new PageTable((nint)_memory, Pages);
        var random = new Random(1);
        for (var i = 0; i < Lives; i++)
        {
            _pages[i] = random.NextInt64(Pages);
        }
    }

    [GlobalCleanup]
    public void CleanUp() => NativeMemory.Free(_memory);

    /// <summary>Absent, busy, clean, evicting, absent: two transitions and two publications a page.</summary>
    [Benchmark(OperationsPerInvoke = Lives)]
    public int FaultAndEvict()
    {
        var lives = 0;
        foreach (var page in _pages)
        {
            var entry = _table.Read(page);
            lives += _table.TryTransition(page, entry, entry.In(PageState.Busy)) ? 1 : 0;
            _table.Publish(page, _table.Read(page).In(PageState.Clean));
            entry = _table.Read(page);
            lives += _table.TryTransition(page, entry, entry.In(PageState.Evicting)) ? 1 : 0;
            _table.Publish(page, _table.Read(page).In(PageState.Absent));
        }

        return lives;
    }
}
