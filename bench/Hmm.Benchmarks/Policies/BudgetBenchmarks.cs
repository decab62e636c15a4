// SPDX-License-Identifier: GPL-2.0-or-later
using BenchmarkDotNet.Attributes;
using Hmm.Core.Policies;

namespace Hmm.Benchmarks.Policies;

/// <summary>Taking a frame of the DRAM budget and giving it back: once a fault.</summary>
[MemoryDiagnoser]
public class BudgetBenchmarks
{
    private readonly DramBudget _budget = new(1UL << 30);

    [Benchmark]
    public bool ReserveAndRelease()
    {
        var reserved = _budget.TryReserve(1);
        _budget.Release(1);
        return reserved;
    }
}
