// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Core.Physical;
using Xunit;

namespace Hmm.Core.Tests.Physical;

/// <summary>
/// Four users against one that tears down, thousands of lives long. No user may be inside once the
/// drain returned. A mutant that looks at the dying bit first and counts second must be caught by
/// the same test.
/// </summary>
public sealed class LifetimeReferenceSoakTests
{
    private const int Users = 4;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(2);

    private interface ILife
    {
        bool TryGet();

        void Put();

        void KillAndWait();
    }

    [Fact]
    public void NobodyIsInsideOnceTheDrainReturned() => Assert.Equal(0, Soak(static () => new Real(), Duration));

    [Fact]
    public void CatchesAGetThatChecksBeforeItCounts() =>
        Assert.NotEqual(0, Soak(static () => new CheckThenCount(), TimeSpan.FromSeconds(20)));

    /// <summary>
    /// Runs lives until a user is found inside after a drain, or the time is over; returns how many
    /// were.
    /// </summary>
    private static int Soak(Func<ILife> create, TimeSpan duration)
    {
        var violations = 0;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < duration && violations == 0;)
        {
            var life = create();
            var gone = 0;
            var started = 0;
            var users = new Thread[Users];
            for (var i = 0; i < Users; i++)
            {
                users[i] = new Thread(() =>
                {
                    Interlocked.Increment(ref started);
                    while (life.TryGet())
                    {
                        if (Volatile.Read(ref gone) != 0)
                        {
                            Interlocked.Increment(ref violations);
                        }

                        life.Put();
                    }
                });
                users[i].Start();
            }

            SpinWait.SpinUntil(() => Volatile.Read(ref started) == Users);
            life.KillAndWait();
            Volatile.Write(ref gone, 1);
            foreach (var user in users)
            {
                user.Join();
            }
        }

        return violations;
    }

    private sealed class Real : ILife
    {
        private readonly LifetimeReference _reference = new("soak");

        public bool TryGet() => _reference.TryGet();

        public void Put() => _reference.Put();

        public void KillAndWait()
        {
            _reference.Kill();
            _reference.WaitDrained();
            _reference.Exit();
        }
    }

    private sealed class CheckThenCount : ILife
    {
        private int _count;
        private int _dying;

        public bool TryGet()
        {
            if (Volatile.Read(ref _dying) != 0)
            {
                return false;
            }

            Thread.Yield();
            Interlocked.Increment(ref _count);
            return true;
        }

        public void Put() => Interlocked.Decrement(ref _count);

        public void KillAndWait()
        {
            Volatile.Write(ref _dying, 1);
            SpinWait.SpinUntil(() => Volatile.Read(ref _count) == 0);
        }
    }
}
