// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Physical;

namespace Hmm.Conformance.Checks;

/// <summary>A device's size and address, and its life without ever being attached.</summary>
internal sealed class ShapeCheck : IConformanceCheck
{
    public string Name => "shape";

    public string Contract => "the size is a multiple of 4096 and stays; a device never attached can be disposed";

    public string Run(DriverUnderTest driver)
    {
        using var lease = driver.Acquire("conformance0");
        var values = ParameterValues.Parse("driver " + driver.Name, lease.Driver.Parameters, driver.Parameters);
        IDriverDevice? device = null;
        Guard.Run(
            "creating a device",
            driver.Options.Deadline,
            () => device = lease.Driver.CreateDevice("conformance0", values));
        var (size, address) = (device!.SizeBytes, device.CpuAddress);
        if (size == 0 || size % Pfn.SizeBytes != 0)
        {
            throw new ConformanceException($"the size is {size} bytes; it must be a positive multiple of 4096");
        }

        if ((ulong)address % Pfn.SizeBytes != 0)
        {
            throw new ConformanceException($"the CPU address is 0x{address:x}; it must be a multiple of 4096, or 0");
        }

        for (var i = 0; i < 3; i++)
        {
            if (device.SizeBytes != size || device.CpuAddress != address)
            {
                throw new ConformanceException("the size or the CPU address changes; both must stay");
            }
        }

        Guard.Run("disposing a device that was never attached", driver.Options.Deadline, device.Dispose);
        return $"{size >> 10} KiB, {(address == 0 ? "private" : "coherent")}";
    }
}
