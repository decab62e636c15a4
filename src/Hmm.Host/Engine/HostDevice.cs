// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>A device that the host sends pages to.</summary>
/// <param name="Name">Its name, unique in the host.</param>
/// <param name="Driver">The driver that made it.</param>
/// <param name="Parameters">What it was made with.</param>
/// <param name="Memory">Its device memory.</param>
internal sealed record HostDevice(string Name, string Driver, string Parameters, DeviceMemory Memory)
{
    private int _state; // Guarded by: atomic
    private int _openRanges; // Guarded by: atomic

    /// <summary>The driver's device.</summary>
    public IDriverDevice Hooks => (IDriverDevice)Memory.PageMap.Ops;

    /// <summary>The persistent device that it is, or null.</summary>
    public IPersistentDevice? Persistent => Memory.PageMap.Ops as IPersistentDevice;

    /// <summary>How many persistent ranges on it are open.</summary>
    public int OpenRanges => Volatile.Read(ref _openRanges);

    /// <summary>Counts a range that opens.</summary>
    public void Hold() => Interlocked.Increment(ref _openRanges);

    /// <summary>Counts a range that closed.</summary>
    public void LetGo() => Interlocked.Decrement(ref _openRanges);

    /// <summary>What its driver says about it, or else what it was made with.</summary>
    public string Detail => Hooks.Description is { Length: > 0 } description ? description : Parameters;

    /// <summary>Where it is in its life.</summary>
    public LifetimeState State
    {
        get => (LifetimeState)Volatile.Read(ref _state);
        set => Volatile.Write(ref _state, (int)value);
    }
}
