// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Loading;

/// <summary>
/// A driver that somebody uses; while it lasts the driver's module cannot be unloaded. Whoever creates a device with
/// the driver keeps the lease until the device has been disposed.
/// </summary>
internal sealed class DriverLease(IDeviceDriver driver, ModuleUse use) : IDisposable
{
    public IDeviceDriver Driver { get; } = driver;

    /// <summary>The name of the driver's module.</summary>
    public string Module => use.Module;

    public void Dispose() => use.Dispose();
}
