// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Host.Sessions;
using Hmm.Linux;

namespace Hmm.Host.Tests.Sessions;

/// <summary>
/// A session over a socketpair, its client, and what it asks. Each test has its own.
/// </summary>
public abstract class SessionFixture : IDisposable
{
    private protected SessionFixture()
    {
        Operations = new RecordingOperations();
        var (left, right) = UnixSocket.CreatePair();
        Client = new WireClient(left);
        Session = Session.Start(right, Operations);
    }

    private protected RecordingOperations Operations { get; }

    private protected WireClient Client { get; }

    private protected Session Session { get; }

    /// <summary>Ends the session, and checks what must hold of every session.</summary>
    public void Dispose()
    {
        Operations.MayFinish.Set();
        Client.Dispose();
        Session.Dispose();
        Assert.Equal(1, Operations.ClosedCount);
        Assert.Empty(Operations.Violations);
        Operations.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected void Open()
    {
        Client.Hello();
        Client.Adopt();
    }

    /// <summary>Waits for something that another thread does; fails after ten seconds.</summary>
    private protected static void Eventually(Func<bool> holds, string what) =>
        Assert.True(SpinWait.SpinUntil(holds, WireClient.LimitMs), $"{what} did not happen within ten seconds");
}
