// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Simulation.Tests.Kernel;

/// <summary>A thread of a simulated application, as its kernel sees it: at most one fault of it waits.</summary>
/// <remarks>Guarded by the kernel's gate.</remarks>
internal sealed class SimulatedThread
{
    public SimulatedThread(string name)
    {
        Name = name;
    }

    public string Name { get; }

    /// <summary>Whether it sleeps in a fault.</summary>
    public bool IsWaiting { get; set; }

    /// <summary>The memory it last touched.</summary>
    public SimulatedMemory? Memory { get; set; }

    /// <summary>The page it last touched.</summary>
    public long Page { get; set; }

    public override string ToString() => IsWaiting ? $"{Name} waits for page {Page} of {Memory!.Name}" : $"{Name} runs";
}
