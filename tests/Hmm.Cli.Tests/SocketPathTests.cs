// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Tests;

public sealed class SocketPathTests
{
    [Theory]
    [InlineData("/a/b.sock", "/run/user/7", "/a/b.sock")]
    [InlineData("", "/run/user/7", "/run/user/7/hmm.sock")]
    [InlineData(null, null, "/tmp/hmm-7/host.sock")]
    public void TheFirstThatIsSetWins(string? hmmSocket, string? runtimeFolder, string expected) =>
        Assert.Equal(expected, SocketPath.Default(name => name == "HMM_SOCKET" ? hmmSocket : runtimeFolder, userId: 7));
}
