// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>A driver and the module that offers it.</summary>
/// <param name="Name">The driver's name as it was when it was registered.</param>
/// <param name="Module">The module's name.</param>
/// <param name="Driver">The driver.</param>
internal sealed record RegisteredDriver(string Name, string Module, IDeviceDriver Driver);
