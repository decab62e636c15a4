// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;

namespace Hmm.Core.Modules.Loading;

/// <summary>
/// A device that another driver's device stands on; while it lives, its driver's module stays loaded.
/// </summary>
internal sealed class StackedDevice(IDriverDevice device, DriverLease lease) : IDriverDevice
{
    private int _disposed; // Guarded by: atomic

    public ulong SizeBytes => device.SizeBytes;

    public nint CpuAddress => device.CpuAddress;

    public void Attach(DeviceMemory memory, Pfn first) => device.Attach(memory, first);

    public void Fault(CopyBatch batch) => device.Fault(batch);

    public void Evict(CopyBatch batch) => device.Evict(batch);

    public void Free(Pfn first, int frameCount) => device.Free(first, frameCount);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            device.Dispose();
            lease.Dispose();
        }
    }
}
