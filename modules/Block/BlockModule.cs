// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

[assembly: Module("GPL", "The Hmm.NET authors", "Device memory in a file or block device")]

namespace Hmm.Modules.Block;

/// <summary>Registers the driver <c>block</c>.</summary>
public sealed class BlockModule : IModule
{
    /// <inheritdoc/>
    public void Init(ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.RegisterDriver(new BlockDriver(context.Log));
    }

    /// <inheritdoc/>
    public void Exit()
    {
    }
}
