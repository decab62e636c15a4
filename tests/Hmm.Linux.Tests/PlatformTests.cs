// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace Hmm.Linux.Tests;

/// <summary>Where Hmm.NET runs, and what it says elsewhere.</summary>
public sealed class PlatformTests
{
    [Theory]
    [InlineData(false, Architecture.X64)]
    [InlineData(true, Architecture.X86)]
    [InlineData(true, Architecture.S390x)]
    public void ElsewhereASentenceSaysWhereToRunIt(bool isLinux, Architecture architecture)
    {
        var refused = Assert.Throws<PlatformNotSupportedException>(() => Platform.Require(isLinux, architecture));
        Assert.StartsWith("Hmm.NET needs Linux on x64 or arm64; this is ", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("under WSL 2.", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Architecture.X64)]
    [InlineData(Architecture.Arm64)]
    public void LinuxOnBothProcessorsWillDo(Architecture architecture) =>
        Platform.Require(isLinux: true, architecture);
}
