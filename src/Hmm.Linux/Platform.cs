// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Linux;

// The one guard: every factory calls it before the first system call of its type. Structure layouts
// and call numbers are written down for 64-bit Linux on these two architectures and would be wrong,
// silently, anywhere else.
internal static class Platform
{
    internal static void Require() => Require(OperatingSystem.IsLinux(), RuntimeInformation.ProcessArchitecture);

    internal static void Require(bool isLinux, Architecture architecture)
    {
        if (!isLinux || architecture is not (Architecture.X64 or Architecture.Arm64))
        {
            throw new PlatformNotSupportedException(
                $"Hmm.NET needs Linux on x64 or arm64; this is {RuntimeInformation.OSDescription} on "
                + $"{architecture}: run it there, in a virtual machine or under WSL 2.");
        }
    }
}
