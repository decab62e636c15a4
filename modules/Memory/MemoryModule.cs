// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

[assembly: Module("GPL", "The Hmm.NET authors", "Device memory in the host's own DRAM, for tests and measurements")]

namespace Hmm.Modules.Memory;

/// <summary>Registers the driver <c>memory</c>.</summary>
public sealed class MemoryModule : IModule
{
    /// <inheritdoc/>
    public void Init(ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.RegisterDriver(new MemoryDriver());
    }

    /// <inheritdoc/>
    public void Exit()
    {
    }
}
