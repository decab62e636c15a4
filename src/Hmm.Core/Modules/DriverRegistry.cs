// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.RegularExpressions;
using Hmm.Uapi;

namespace Hmm.Core.Modules;

/// <summary>The drivers that modules offer, by name. Names are unique.</summary>
/// <remarks>Thread-safety: all members may be called from any thread.</remarks>
internal sealed partial class DriverRegistry
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, RegisteredDriver> _drivers = new(
        StringComparer.Ordinal); // Guarded by: _gate

    /// <summary>All drivers, by name.</summary>
    public IReadOnlyList<RegisteredDriver> Snapshot()
    {
        lock (_gate)
        {
            return [.. _drivers.Values];
        }
    }

    public void Add(string module, IDeviceDriver driver)
    {
        var name = driver.Name;
        if (name is null || !ValidName().IsMatch(name))
        {
            throw new HmmException(
                Errno.EINVAL,
                $"Module {module} names its driver '{name}': use lower-case letters, digits and "
                    + "dashes, 32 at most.");
        }

        lock (_gate)
        {
            if (_drivers.TryGetValue(name, out var other))
            {
                throw new HmmException(
                    Errno.EEXIST,
                    $"Module {module} offers driver '{name}', and module {other.Module} offers one of "
                        + "that name already.");
            }

            _drivers.Add(name, new RegisteredDriver(name, module, driver));
        }
    }

    public void Remove(string module, IDeviceDriver driver)
    {
        lock (_gate)
        {
            var mine = _drivers.Values.FirstOrDefault(d => d.Module == module && ReferenceEquals(d.Driver, driver));
            if (mine is not null)
            {
                _drivers.Remove(mine.Name);
            }
        }
    }

    /// <summary>Withdraws every driver of a module whose own undo list cannot run.</summary>
    public void RemoveAll(string module)
    {
        lock (_gate)
        {
            foreach (var driver in _drivers.Values.Where(d => d.Module == module).ToArray())
            {
                _drivers.Remove(driver.Name);
            }
        }
    }

    /// <exception cref="HmmException"><see cref="Errno.ENOENT"/>: no loaded module offers it.</exception>
    public RegisteredDriver Get(string name)
    {
        lock (_gate)
        {
            if (_drivers.TryGetValue(name, out var driver))
            {
                return driver;
            }

            var offered = _drivers.Count == 0 ? "none is loaded" : "loaded are " + string.Join(", ", _drivers.Keys);
            throw new HmmException(Errno.ENOENT, $"No loaded module offers a driver '{name}'; {offered}.");
        }
    }

    [GeneratedRegex("^[a-z][a-z0-9-]{0,31}$")]
    private static partial Regex ValidName();
}
