// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>
/// A kind of device memory that a module offers: a named factory. A module registers it with
/// <see cref="ModuleContext.RegisterDriver"/>; the host then creates devices from text ("block, folder=/var/hmm,
/// size=64GiB") without knowing the module.
/// </summary>
/// <remarks>
/// GPL-only, because a device it creates hooks faults and frees. Thread-safety: <see cref="CreateDevice"/> may be
/// called from several threads at once.
/// </remarks>
[ExportSymbolGpl]
public interface IDeviceDriver
{
    /// <summary>The driver's name, unique in the host: lower case, no spaces ("block").</summary>
    string Name { get; }

    /// <summary>
    /// What a device of this driver can be told, by name; checked before <see cref="CreateDevice"/>
    /// is called.
    /// </summary>
    IReadOnlyList<ParameterInfo> Parameters { get; }

    /// <summary>
    /// Creates a device. Whatever it acquires belongs to the device, and is released by disposing
    /// it.
    /// </summary>
    /// <param name="name">The device's name, unique in the host, for messages.</param>
    /// <param name="parameters">A value for each of <see cref="Parameters"/>.</param>
    /// <returns>The device; its caller disposes it, once, after its device memory has been removed.</returns>
    /// <exception cref="Hmm.Uapi.HmmException">
    /// The device cannot be created, with the system's errno and a sentence.
    /// </exception>
    IDriverDevice CreateDevice(string name, ParameterValues parameters);
}
