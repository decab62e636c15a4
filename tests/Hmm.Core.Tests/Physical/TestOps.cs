// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;

namespace Hmm.Core.Tests.Physical;

/// <summary>
/// Hooks that note what was freed. Physical memory never copies, so the copy hooks must not be
/// called.
/// </summary>
internal sealed class TestOps(Action<Pfn, int>? onFree = null) : IDeviceMemoryOps
{
    private readonly Lock _gate = new();

    public List<(Pfn First, int Count)> Freed { get; } = []; // Guarded by: _gate

    public void Fault(CopyBatch batch) => throw new InvalidOperationException("Nothing faults here.");

    public void Evict(CopyBatch batch) => throw new InvalidOperationException("Nothing is evicted here.");

    public void Free(Pfn first, int frameCount)
    {
        lock (_gate)
        {
            Freed.Add((first, frameCount));
        }

        onFree?.Invoke(first, frameCount);
    }
}
