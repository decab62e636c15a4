// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Physical;

namespace Hmm.Core.Devices;

/// <summary>
/// Something that owns memory, and the life of everything acquired for it (Linux:
/// <c>struct device</c>). It is also the owner tag of its device memory.
/// </summary>
/// <remarks>Thread-safety: every member from any thread.</remarks>
[ExportSymbol]
public sealed class Device
{
    /// <summary>Creates a device.</summary>
    /// <param name="name">
    /// Its name: what messages, <c>hmm devices</c> and <c>hmm iomem</c> show.
    /// </param>
    /// <param name="memory">The physical memory that it adds to.</param>
    public Device(string name, PhysicalMemory memory)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(memory);
        Name = name;
        Memory = memory;
        Managed = new ManagedResources(name);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The physical memory that it adds to.</summary>
    public PhysicalMemory Memory { get; }

    /// <summary>What is undone, newest first, when it goes.</summary>
    public ManagedResources Managed { get; }

    /// <summary>
    /// Undoes every acquisition, newest first. Waits until every frame of its memory came back, so
    /// evacuate first. From its start on, acquisitions fail with ENODEV. Calling it again does
    /// nothing.
    /// </summary>
    /// <exception cref="AggregateException">Undos threw; all others ran.</exception>
    public void Remove() => Managed.Release();

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
