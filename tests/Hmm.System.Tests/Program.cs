// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.System.Tests;

/// <summary>The children that tests start: this assembly, with the name of a part to play.</summary>
internal static class Program
{
    private static int Main(string[] arguments) => 64;
}
