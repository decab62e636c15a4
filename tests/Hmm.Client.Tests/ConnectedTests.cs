// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Client.Tests;

/// <summary>A client and the other end of its wire. Each test has its own.</summary>
public abstract class ConnectedTests : IDisposable
{
    private protected ConnectedTests()
    {
        Wire = new TestHost();
        Host = Wire.Connect();
    }

    private protected TestHost Wire { get; }

    private protected HmmHost Host { get; }

    public void Dispose()
    {
        Host.Dispose();
        Wire.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static void Eventually(Func<bool> holds, string what) =>
        Assert.True(SpinWait.SpinUntil(holds, 10_000), $"{what} did not happen within ten seconds");
}
