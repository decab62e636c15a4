// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

[assembly: Module("GPL", "The Hmm.NET authors", "Device memory without memory: pages of zeros only")]

namespace Hmm.Modules.Null;

/// <summary>Registers the driver <c>null</c>.</summary>
public sealed class NullModule : IModule
{
    /// <inheritdoc/>
    public void Init(ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.RegisterDriver(new NullDriver());
    }

    /// <inheritdoc/>
    public void Exit()
    {
    }
}
