// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

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
        return new MemoryDevice(parameters.SizeBytes("size") & ~4095UL);
    }
}
