// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Modules.Loading;
using Hmm.Core.Physical;

namespace Hmm.Conformance;

/// <summary>
/// A device under test, set up as a host sets it up: real page map, real device memory, the core's own order of life.
/// </summary>
internal sealed class Rig
{
    // System RAM is what device memory may not overlap; how much there is makes no difference.
    private const ulong SystemRamBytes = 1 << 20;

    private readonly DriverUnderTest _driver; // immutable

    private Rig(DriverUnderTest driver, DeviceMemory memory)
    {
        _driver = driver;
        Memory = memory;
    }

    /// <summary>Its memory.</summary>
    public DeviceMemory Memory { get; }

    /// <summary>How many frames it has.</summary>
    public long Frames => (long)Memory.PageMap.FramesTotal;

    /// <summary>Its hooks for pages that go to other devices as they are kept; null: it has none.</summary>
    public IPeerMemoryOps? Peer => Hooks as IPeerMemoryOps;

    private IDeviceMemoryOps Hooks => Memory.PageMap.Ops;

    /// <summary>Makes a device.</summary>
    /// <exception cref="HmmException">The driver refuses.</exception>
    public static Rig Open(
        DriverUnderTest driver, string name = "conformance0", IReadOnlyDictionary<string, string>? parameters = null)
    {
        var lease = driver.Acquire(name);
        return new Rig(
            driver,
            DriverDevices.Create(name, new PhysicalMemory(SystemRamBytes), lease, parameters ?? driver.Parameters));
    }

    /// <summary>Allocates a run of frames; false where there is none left.</summary>
    public bool TryAllocate(int framesMax, out Pfn first, out int frames) =>
        Memory.TryAllocateRun(framesMax, out first, out frames);

    /// <summary>Hands a batch to the evict hook.</summary>
    public void Evict(ProbeBatch batch) =>
        Guard.Hook("evict", _driver.Options.Deadline, () => Hooks.Evict(batch.Begin()));

    /// <summary>Hands a batch to the fault hook.</summary>
    public void Fault(ProbeBatch batch) =>
        Guard.Hook("fault", _driver.Options.Deadline, () => Hooks.Fault(batch.Begin()));

    /// <summary>Hands a batch to the export hook.</summary>
    public void Export(ProbeBatch batch) =>
        Guard.Hook("export", _driver.Options.Deadline, () => Peer!.Export(batch.Begin()));

    /// <summary>Hands a batch to the import hook.</summary>
    public void Import(ProbeBatch batch) =>
        Guard.Hook("import", _driver.Options.Deadline, () => Peer!.Import(batch.Begin()));

    /// <summary>Waits for a batch, and fails if the driver broke an invariant meanwhile.</summary>
    public void Wait(string what, ProbeBatch batch)
    {
        try
        {
            batch.Wait(what, _driver.Options.Deadline);
        }
        finally
        {
            _driver.Watch.Check();
        }
    }

    /// <summary>Drops the last reference to frames, which calls the free hook.</summary>
    public void Free(Pfn first, int frames) =>
        Guard.Hook("free", _driver.Options.Deadline, () => Memory.PageMap.Put(first, frames));

    /// <summary>
    /// Removes the device, as a host does; every frame has been freed. Not after a failure: what the driver has not
    /// given back would be waited for in vain.
    /// </summary>
    public void Remove() => Guard.Run("removing the device", _driver.Options.Deadline, Memory.Device.Remove);
}
