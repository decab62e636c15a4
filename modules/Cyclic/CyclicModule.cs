// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

[assembly: Module("GPL", "The Hmm.NET authors", "A reclaim policy for data that is read over and over, end to end")]

namespace Hmm.Modules.Cyclic;

/// <summary>Registers the reclaim policy <c>cyclic</c>.</summary>
public sealed class CyclicModule : IModule
{
    /// <inheritdoc/>
    public void Init(ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.RegisterReclaimPolicy("cyclic", static capacity => new CyclicPolicy(capacity));
    }

    /// <inheritdoc/>
    public void Exit()
    {
    }
}
