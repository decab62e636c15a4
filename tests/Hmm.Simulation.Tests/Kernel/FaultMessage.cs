// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Virtual;

namespace Hmm.Simulation.Tests.Kernel;

/// <summary>What a host reads from a userfaultfd, and the thread that sent it.</summary>
internal readonly record struct FaultMessage(
    AddressSpace Space, ulong Address, bool Write, bool WriteProtect, SimulatedThread? Thread);
