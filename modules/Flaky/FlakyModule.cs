// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

[assembly: Module("GPL", "The Hmm.NET authors", "Another device's memory with seeded errors and delays, for tests")]
[assembly: ModuleParameter("seed", ModuleParameterType.Integer, Default = "1",
    Description = "decides what fails and what is late, where a device has no seed of its own")]
[assembly: ModuleDepends("Hmm.Modules.Memory")]
[assembly: ImportNamespace("Hmm.Stacking")]

namespace Hmm.Modules.Flaky;

/// <summary>Registers the driver <c>flaky</c>.</summary>
public sealed class FlakyModule : IModule
{
    /// <inheritdoc/>
    public void Init(ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.RegisterDriver(new FlakyDriver(context));
    }

    /// <inheritdoc/>
    public void Exit()
    {
    }
}
