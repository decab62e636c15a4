// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;

namespace Hmm.Core.Modules.Loading;

/// <summary>Makes a driver's device into device memory, in the one right order, and undoes it in the other.</summary>
internal static class DriverDevices
{
    // The largest page, so that an aligned run of frames can hold one.
    private const ulong CoherentAlignmentBytes = (ulong)CopyBatch.FramesMax << Pfn.Shift;

    /// <summary>Creates a device and its memory.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="physical">The physical memory that it adds to.</param>
    /// <param name="lease">Its driver; owned by the device from here on, also when this throws.</param>
    /// <param name="parameters">What the driver is told, as text.</param>
    /// <returns>
    /// Its memory. Removing <see cref="DeviceMemory.Device"/> ends all: the memory, then the driver's device, whose
    /// hooks may be called until then, then the lease, since the module may be unloaded only after that.
    /// </returns>
    /// <exception cref="HmmException">A parameter is wrong, or what the driver says; nothing is left.</exception>
    public static DeviceMemory Create(
        string name, PhysicalMemory physical, DriverLease lease, IReadOnlyDictionary<string, string> parameters)
    {
        var device = new Device(name, physical);
        try
        {
            device.Managed.Add(lease.Dispose, "driver's module");
            var values = ParameterValues.Parse($"driver {lease.Driver.Name}", lease.Driver.Parameters, parameters);
            var hooks = CreateDevice(name, lease.Driver, values);
            device.Managed.Add(hooks.Dispose, "driver's device");
            var memory = Add(hooks, device);
            hooks.Attach(memory, Pfn.FromAddress(memory.PageMap.Spans[0].Start));
            return memory;
        }
        catch
        {
            device.Remove();
            throw;
        }
    }

    /// <summary>Whatever a driver throws, the host and everyone's pages in it stay.</summary>
    private static IDriverDevice CreateDevice(string name, IDeviceDriver driver, ParameterValues values)
    {
        try
        {
            return driver.CreateDevice(name, values);
        }
        catch (Exception exception) when (exception is not HmmException)
        {
            throw new HmmException(
                Errno.EIO,
                $"Driver {driver.Name} has a defect: creating device {name} threw {exception.GetType().Name}: "
                    + $"{exception.Message} Other parameters may help.",
                exception);
        }
    }

    private static DeviceMemory Add(IDriverDevice hooks, Device device)
    {
        if (hooks.CpuAddress == 0)
        {
            return DeviceMemory.Add(hooks, device, hooks.SizeBytes);
        }

        var resource = device.Managed.RequestFree(
            device.Memory.Resources,
            hooks.SizeBytes,
            CoherentAlignmentBytes,
            device.Name,
            ResourceKind.DeviceCoherent);
        return DeviceMemory.AddResource(hooks, device, resource, hooks.CpuAddress);
    }
}
