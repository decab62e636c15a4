// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;

namespace Hmm.Core.Tests;

/// <summary>What a failed invariant is in tests: in the product it ends the process.</summary>
public sealed class CorruptionException(string message) : Exception(message)
{
    // The handler is one for the process, so it is set before any test runs and never changed.
#pragma warning disable CA2255 // a module initializer is meant for exactly this: process-wide set-up
    [ModuleInitializer]
    internal static void Install() => Corruption.Handler = static message => throw new CorruptionException(message);
#pragma warning restore CA2255
}
