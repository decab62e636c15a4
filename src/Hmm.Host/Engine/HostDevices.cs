// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Migration;
using Hmm.Core.Modules;
using Hmm.Core.Modules.Loading;
using Hmm.Core.Physical;
using Hmm.Host.Files;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>The devices of a host, in the order in which pages go to them.</summary>
/// <remarks>Threads: any. A removal holds no lock while pages move, so faults and other requests go on.</remarks>
internal sealed class HostDevices : IDisposable
{
    private const string ModulePrefix = "Hmm.Modules.";

    // What drivers call it, if they can.
    private const string EncryptParameter = "encrypt";

    private readonly MemoryManager _manager; // immutable
    private readonly ModuleLoader _modules; // immutable
    private readonly bool _encrypts; // immutable
    private readonly Lock _gate = new();
    private readonly List<HostDevice> _devices = []; // Guarded by: _gate
    private int _created; // Guarded by: _gate

    /// <summary>Creates an empty list.</summary>
    /// <param name="manager">The memory manager.</param>
    /// <param name="modules">Where drivers come from.</param>
    /// <param name="encrypts">Whether devices that can encrypt do so, unless they are told not to.</param>
    public HostDevices(MemoryManager manager, ModuleLoader modules, bool encrypts = false)
    {
        _encrypts = encrypts;
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
                name,
                specification.Driver,
                specification.Detail,
                DriverDevices.Create(name, _manager.Physical, lease, Given(lease.Driver, specification)));
            _devices.Add(device);
            _created++;
            if (device.Persistent is null)
            {
                _manager.Placement.Add(device.Memory);
            }

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

            if (device.OpenRanges > 0)
            {
                throw new HmmException(
                    Errno.EBUSY, $"{device.OpenRanges} ranges on device '{name}' are open; close them first.");
            }

            device.State = LifetimeState.Removing;
        }

        try
        {
            // What a persistent device holds is to stay there, and without open ranges it has handed nothing out.
            if (device.Persistent is null)
            {
                _manager.Evacuator.Remove(device.Memory, cancellation);
            }
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

    /// <summary>Every pair of devices, each way, in their order.</summary>
    public IReadOnlyList<(HostDevice From, HostDevice To)> Pairs()
    {
        var devices = Snapshot();
        return [.. devices.SelectMany(from => devices.Where(to => to != from).Select(to => (from, to)))];
    }

    /// <summary>The memory of a device that pages may be sent to.</summary>
    /// <exception cref="HmmException">
    /// ENODEV: there is none of that name. EBUSY: it is being removed. EINVAL: it holds named ranges only.
    /// </exception>
    public DeviceMemory TargetOf(string name)
    {
        var device = Snapshot().FirstOrDefault(other => other.Name == name)
            ?? throw new HmmException(
                Errno.ENODEV, $"There is no device '{name}'; `hmm devices` lists those there are.");
        if (device.State != LifetimeState.Live)
        {
            throw new HmmException(Errno.EBUSY, $"Device '{name}' is being removed and takes no pages.");
        }

        return device.Persistent is null
            ? device.Memory
            : throw new HmmException(
                Errno.EINVAL, $"Device '{name}' holds persistent ranges only; send the pages to another one.");
    }

    /// <summary>Opens a range of a persistent device; disposing the result closes it.</summary>
    /// <param name="deviceName">The device; empty for the only one.</param>
    /// <param name="wanted">The range.</param>
    /// <exception cref="HmmException">
    /// ENODEV: there is no such device. EINVAL: there are several, and none was named. And what the device says.
    /// </exception>
    public PersistentHome OpenPersistent(string deviceName, PersistentCheckpoint wanted)
    {
        HostDevice device;
        lock (_gate)
        {
            device = FindPersistentLocked(deviceName);

            // From here on it cannot be removed.
            device.Hold();
        }

        IPersistentImage image;
        try
        {
            image = device.Persistent!.OpenImage(wanted);
        }
        catch
        {
            device.LetGo();
            throw;
        }

        return new PersistentHome(_manager.Physical, device, image, wanted.Name, wanted.PageCount);
    }

    /// <summary>Removes every device; no range is left.</summary>
    public void Dispose()
    {
        foreach (var device in Snapshot().Reverse())
        {
            device.Memory.Device.Remove();
        }
    }

    private HostDevice FindPersistentLocked(string name)
    {
        var persistent = _devices.FindAll(
            device => device.Persistent is not null && device.State == LifetimeState.Live
                && (name.Length == 0 || device.Name == name));
        return persistent.Count switch
        {
            1 => persistent[0],
            0 => throw new HmmException(
                Errno.ENODEV,
                name.Length == 0
                    ? "The host has no persistent device; add one, as in --device pmem,file=/var/lib/app.pmem."
                    : $"The host has no persistent device '{name}'; `hmm devices` lists those there are."),
            _ => throw new HmmException(
                Errno.EINVAL,
                $"The host has {persistent.Count} persistent devices; name one: "
                    + string.Join(", ", persistent.Select(static device => device.Name)) + "."),
        };
    }

    /// <summary>A driver ships in the module of its name; a module that was loaded by hand may offer others.</summary>
    private void LoadModuleOf(string driver)
    {
        if (_modules.Drivers.Snapshot().All(offered => offered.Name != driver))
        {
            _modules.Load(ModuleNameOf(driver));
        }
    }

    private IReadOnlyDictionary<string, string> Given(IDeviceDriver driver, DeviceSpecification specification)
    {
        if (!_encrypts || specification.Parameters.ContainsKey(EncryptParameter)
            || driver.Parameters.All(static parameter => parameter.Name != EncryptParameter))
        {
            return specification.Parameters;
        }

        return new Dictionary<string, string>(specification.Parameters, StringComparer.Ordinal)
        {
            [EncryptParameter] = "yes",
        };
    }
}
