// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

[assembly: Module("GPL", "The Hmm.NET authors", "Named ranges in a file that outlive the host")]

namespace Hmm.Modules.Pmem;

/// <summary>Registers the driver <c>pmem</c>.</summary>
public sealed class PmemModule : IModule
{
    /// <inheritdoc/>
    public void Init(ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.RegisterDriver(new PmemDriver());
    }

    /// <inheritdoc/>
    public void Exit()
    {
    }
}
