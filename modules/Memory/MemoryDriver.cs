// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Uapi;

namespace Hmm.Modules.Memory;

/// <summary>Makes memory devices: <c>memory,size=1GiB</c>.</summary>
internal sealed class MemoryDriver : IDeviceDriver
{
    /// <inheritdoc/>
    public string Name => "memory";

    /// <inheritdoc/>
    public IReadOnlyList<ParameterInfo> Parameters { get; } =
    [
        new("size", ModuleParameterType.Size, "64MiB", "how much of the host's DRAM it may take, beyond the budget"),
    ];

    /// <inheritdoc/>
    public IDriverDevice CreateDevice(string name, ParameterValues parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var size = parameters.SizeBytes("size") & ~(Pfn.SizeBytes - 1UL);
        if (size == 0)
        {
            throw new HmmException(Errno.EINVAL, $"Device {name} cannot have less than {Pfn.SizeBytes} bytes.");
        }

        try
        {
            return new MemoryDevice(size);
        }
        catch (OutOfMemoryException exception)
        {
            throw new HmmException(
                Errno.ENOMEM,
                $"There is no memory for the {size >> 20} MiB of device {name}; give it less.",
                exception);
        }
    }
}
