// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Migration;
using Hmm.Core.Modules;
using Hmm.Core.Modules.Loading;
using Hmm.Core.Physical;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>The devices of a host, in the order in which pages go to them.</summary>
/// <remarks>Threads: any. A removal holds no lock while pages move, so faults and other requests go on.</remarks>
internal sealed class HostDevices : IDisposable
{
    private const string ModulePrefix = "Hmm.Modules.";

    private readonly MemoryManager _manager; // immutable
    private readonly ModuleLoader _modules; // immutable
    private readonly Lock _gate = new();
    private readonly List<HostDevice> _devices = []; // Guarded by: _gate
    private int _created; // Guarded by: _gate

    /// <summary>Creates an empty list.</summary>
    public HostDevices(MemoryManager manager, ModuleLoader modules)
    {
        _manager = manager;
        _modules = modules;
    }

    /// <summary>The devices now.</summary>
    public IReadOnlyList<HostDevice> Snapshot()
    {
        lock (_gate)
        {
            return [.. _devices];
        }
    }

    /// <summary>The name of the device that holds a frame, or an empty string.</summary>
    public string NameOf(Pfn frame) =>
        Snapshot().FirstOrDefault(device => device.Memory.PageMap.Contains(frame))?.Name ?? string.Empty;

    /// <summary>The in-tree module that offers a driver or policy of this name.</summary>
    public static string ModuleNameOf(string name) => ModulePrefix + char.ToUpperInvariant(name[0]) + name[1..];

    /// <summary>Creates a device and lets pages go to it.</summary>
    /// <exception cref="HmmException">
    /// ENOENT: no such driver. EEXIST: the name is taken. And what the driver says.
    /// </exception>
    public HostDevice Add(DeviceSpecification specification)
    {
        lock (_gate)
        {
            var name = specification.Name ?? $"{specification.Driver}{_created}";
            if (_devices.Exists(other => other.Name == name))
            {
                throw new HmmException(
                    Errno.EEXIST, $"A device named '{name}' exists already; give this one another name.");
            }

            LoadModuleOf(specification.Driver);
            var lease = _modules.AcquireDriver(specification.Driver, $"device {name}");
            var device = new HostDevice(
                name, specification.Driver, specification.Detail, Create(name, lease, specification));
            _devices.Add(device);
            _created++;
            _manager.Placement.Add(device.Memory);
            return device;
        }
    }

    /// <summary>Brings a device's pages elsewhere, under load, and removes it.</summary>
    /// <exception cref="HmmException">
    /// ENOENT: no such device. EBUSY: it is being removed already. ENOMEM: no room for its pages. EIO: it cannot return
    /// them. In the last two it stays, and nothing is lost.
    /// </exception>
    public void Remove(string name, CancellationToken cancellation)
    {
        HostDevice device;
        lock (_gate)
        {
            device = _devices.Find(other => other.Name == name)
                ?? throw new HmmException(
                    Errno.ENOENT, $"There is no device '{name}'; `hmm devices` lists those there are.");
            if (device.State != LifetimeState.Live)
            {
                throw new HmmException(Errno.EBUSY, $"Device '{name}' is being removed already.");
            }

            device.State = LifetimeState.Removing;
        }

        try
        {
            _manager.Evacuator.Remove(device.Memory, cancellation);
        }
        catch
        {
            device.State = LifetimeState.Live;
            throw;
        }

        lock (_gate)
        {
            _devices.Remove(device);
        }

        device.Memory.Device.Remove();
    }

    /// <summary>Removes every device; no range is left.</summary>
    public void Dispose()
    {
        foreach (var device in Snapshot().Reverse())
        {
            device.Memory.Device.Remove();
        }
    }

    /// <summary>A driver ships in the module of its name; a module that was loaded by hand may offer others.</summary>
    private void LoadModuleOf(string driver)
    {
        if (_modules.Drivers.Snapshot().All(offered => offered.Name != driver))
        {
            _modules.Load(ModuleNameOf(driver));
        }
    }

    private DeviceMemory Create(string name, DriverLease lease, DeviceSpecification specification)
    {
        var device = new Device(name, _manager.Physical);
        try
        {
            // Undone newest first: the device memory goes before the driver's device, whose hooks may be called until
            // then, and the module may be unloaded only after that.
            device.Managed.Add(lease.Dispose, "driver's module");
            var values = ParameterValues.Parse(
                $"driver {specification.Driver}", lease.Driver.Parameters, specification.Parameters);
            var hooks = lease.Driver.CreateDevice(name, values);
            device.Managed.Add(hooks.Dispose, "driver's device");
            DeviceMemory memory;
            if (hooks.CpuAddress == 0)
            {
                memory = DeviceMemory.Add(hooks, device, hooks.SizeBytes);
            }
            else
            {
                var resource = device.Managed.RequestFree(
                    _manager.Physical.Resources,
                    hooks.SizeBytes,
                    CoherentAlignmentBytes,
                    name,
                    ResourceKind.DeviceCoherent);
                memory = DeviceMemory.AddResource(hooks, device, resource, hooks.CpuAddress);
            }

            hooks.Attach(memory, Pfn.FromAddress(memory.PageMap.Spans[0].Start));
            return memory;
        }
        catch
        {
            device.Remove();
            throw;
        }
    }

    // The largest page, so that an aligned run of frames can hold one.
    private const ulong CoherentAlignmentBytes = (ulong)CopyBatch.FramesMax << Pfn.Shift;
}
