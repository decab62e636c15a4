// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

[assembly: Module("GPL", "The Hmm.NET authors", "Device memory in compressed DRAM")]

namespace Hmm.Modules.Compressed;

/// <summary>Registers the driver <c>compressed</c>.</summary>
public sealed class CompressedModule : IModule
{
    /// <inheritdoc/>
    public void Init(ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.RegisterDriver(new CompressedDriver(context.Log));
    }

    /// <inheritdoc/>
    public void Exit()
    {
    }
}
