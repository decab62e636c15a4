// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Simulation.Tests.Kernel;

/// <summary>The operations of the seam, for tests that make one of them fail.</summary>
internal enum SeamCall
{
    Install,
    Protect,
    Read,
    Discard,
    Poison,
}
