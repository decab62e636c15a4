// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux.Tests.Support;
using Hmm.Uapi;

namespace Hmm.Linux.Tests;

/// <summary>Transfers by the thread that asks for them: where they complete, how many, and how it ends.</summary>
public sealed class ThreadRingTests : IDisposable
{
    private const int PageSizeBytes = 4096;
    private const int Pages = 64;

    private readonly TemporaryFolder _folder = new();
    private readonly PageBuffer _memory = new(Pages * PageSizeBytes);

    /// <inheritdoc/>
    public void Dispose()
    {
        _memory.Dispose();
        _folder.Dispose();
    }

    [NeedsFact(Need.Ring)]
    public void RequestsOfItsThreadCompleteOnItWithTheRightBytes() => OnAThread((epoll, ring) =>
    {
        using var target = new Target(epoll, Pages);
        using var file = new OtherThreads<FileIo>(Scratch());
        new Random(1).NextBytes(_memory.Span);
        var expected = _memory.Span.ToArray();
        RunAll(write: true);
        _memory.Span.Clear();
        RunAll(write: false);
        Assert.True(_memory.Span.SequenceEqual(expected));

        void RunAll(bool write)
        {
            SubmitAll(file.Value, write, target);
            Assert.Equal(Pages, target.Left); // nothing is done before the thread waits
            target.Wait(ring);
            Assert.Equal([Environment.CurrentManagedThreadId], target.Threads);
        }
    });

    [NeedsFact(Need.Ring)]
    public void MemoryThatAFileHasRegisteredIsRegisteredHereToo() => OnAThread((epoll, ring) =>
    {
        using var target = new Target(epoll, 1);
        using var without = new OtherThreads<FileIo>(Scratch());
        without.Value.Submit(Request(write: true, 0, 0, target));
        target.Wait(ring);
        Assert.Null(ring.BuffersError);

        // The second half of each buffer of 32 KiB is not registered.
        using var file = new OtherThreads<FileIo>(FileIo.CreateScratch(_folder.Path, 16 << 20, workers: 1, ring: true));
        Assert.Equal(
            Errno.None, file.Value.RegisterBuffers([new FileIoBuffers(_memory.Address, 32 << 10, 16 << 10, 8)]));
        new Random(1).NextBytes(_memory.Span);
        var expected = _memory.Span.ToArray();
        RunAll(write: true);
        Assert.Equal(Errno.None, ring.BuffersError);
        _memory.Span.Clear();
        RunAll(write: false);
        Assert.True(_memory.Span.SequenceEqual(expected));

        void RunAll(bool write)
        {
            SubmitAll(file.Value, write, target);
            target.Wait(ring);
        }
    });

    [NeedsFact(Need.Ring)]
    public void SubmittingCompletesWhatIsDoneAndWaitsForNothing() => OnAThread((epoll, ring) =>
    {
        using var target = new Target(epoll, 1);
        using var file = new OtherThreads<FileIo>(Scratch());
        ring.Submit(); // nothing
        file.Value.Submit(Request(write: true, 0, 0, target));
        Assert.Equal(1, target.Left);
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                ring.Submit();
                return target.Left == 0;
            },
            20_000));
        Assert.Equal([Environment.CurrentManagedThreadId], target.Threads);
    });

    [NeedsFact(Need.Ring)]
    public void WhatItHasNoRoomForIsDoneByOthers() => OnAThread((epoll, ring) =>
    {
        const int Requests = 1000;
        using var target = new Target(epoll, Requests);
        using var file = new OtherThreads<FileIo>(Scratch());
        for (var i = 0; i < Requests; i++)
        {
            file.Value.Submit(Request(write: true, i, i % Pages, target));
        }

        target.Wait(ring);
        Assert.Contains(Environment.CurrentManagedThreadId, target.Threads);
        Assert.True(target.Threads.Count > 1);
    });

    [NeedsFact(Need.Ring)]
    public void AFileThatIsDisposedElsewhereWaitsForWhatTheThreadHasUnderWay() => OnAThread((epoll, ring) =>
    {
        using var target = new Target(epoll, 1);
        var file = Scratch();
        file.Submit(Request(write: true, 0, 0, target));
        var disposal = Task.Run(file.Dispose);
        Assert.False(disposal.Wait(50)); // the kernel has not been told of the request yet
        target.Wait(ring);
        Assert.True(disposal.Wait(20_000));
        Assert.Throws<ObjectDisposedException>(() => file.Submit(Request(write: true, 0, 0, target)));
    });

    [NeedsFact(Need.Ring)]
    public void DisposalCompletesWhatIsUnderWay() => OnAThread((epoll, ring) =>
    {
        using var target = new Target(epoll, Pages);
        using var file = new OtherThreads<FileIo>(Scratch());
        for (var page = 0; page < Pages; page++)
        {
            file.Value.Submit(Request(write: true, page, page, target));
        }

        ring.Dispose();
        Assert.Equal(0, target.Left);
    });

    [NeedsFact(Need.Ring)]
    public void AThreadHasOneRingAndDisposesNoFile() => OnAThread((epoll, _) =>
    {
        Assert.Throws<InvalidOperationException>(() => ThreadRing.TryCreate(epoll, out var _));
        using var file = new OtherThreads<FileIo>(Scratch());
        Assert.Throws<InvalidOperationException>(file.Value.Dispose);
    });

    [NeedsFact(Need.Ring)]
    public void ATurnAllocatesNothing() => OnAThread((epoll, ring) =>
    {
        using var target = new Target(epoll, 1);
        using var file = new OtherThreads<FileIo>(Scratch());
        Turn();
        Turn();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 200; i++)
        {
            Turn();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Turn()
        {
            target.Restart(1);
            file.Value.Submit(Request(write: true, 3, 3, target));
            target.Wait(ring);
        }
    });

    [NeedsFact(Need.Ring)]
    public void WhatComesWhileItLooksOrSleepsIsSeenByTheNextWait() => OnAThread((epoll, ring) =>
    {
        using var told = EventFd.Create();
        using var answered = EventFd.Create();
        epoll.Add(told, 7);
        var answers = 0;
        var teller = new Thread(() =>
        {
            // From at once to later than anybody looks, and the answer to one before the next.
            for (var turn = 0; turn < 200; turn++)
            {
                Thread.SpinWait(turn % 4 * 1000);
                if (turn % 50 == 0)
                {
                    Thread.Sleep(3); // Waits: until the thread that looks has given up and sleeps
                }

                told.Signal();
                answers += Poll.WaitReadable(answered, 20_000) ? 1 : 0;
                answered.Clear();
            }
        });
        teller.Start();
        Span<EpollEvent> events = stackalloc EpollEvent[4];
        for (var turn = 0; turn < 200; turn++)
        {
            var count = ring.Wait(events, out var error);
            Assert.Equal((1, 7UL, Errno.None), (count, events[0].Tag, error));
            told.Clear();
            answered.Signal();
        }

        teller.Join();
        Assert.Equal(200, answers);
        epoll.Remove(told);
    });

    [NeedsFact(Need.Ring)]
    public void AnEventThatComesWhileItSubmitsIsSeenByTheNextWait() => OnAThread((epoll, ring) =>
    {
        const int Turns = 20;
        using var target = new Target(epoll, int.MaxValue);
        using var file = new OtherThreads<FileIo>(Scratch());
        using var told = EventFd.Create();
        epoll.Add(told, 7);
        Span<EpollEvent> events = stackalloc EpollEvent[4];
        for (var turn = 0; turn < Turns; turn++)
        {
            // A wait that ends with a transfer goes on asking for events.
            CompleteOne(file.Value, target, ring);
            told.Signal();
            var left = target.Left;
            file.Value.Submit(Request(write: true, 0, 0, target));
            Assert.True(SpinWait.SpinUntil(
                () =>
                {
                    ring.Submit();
                    return target.Left < left;
                },
                20_000));
            Assert.Equal((1, 7UL), (ring.Wait(events, out _), events[0].Tag));
            told.Clear();
        }

        epoll.Remove(told);
    });

    [NeedsFact(Need.Ring)]
    public void AWaitEndsAfterAFewTransfersSoThatItsThreadCanAskForMore() => OnAThread((epoll, ring) =>
    {
        using var target = new Target(epoll, Pages + 1);
        using var file = new OtherThreads<FileIo>(Scratch());
        for (var page = 0; page < Pages; page++)
        {
            file.Value.Submit(Request(write: true, page, page, target));
        }

        Span<EpollEvent> events = stackalloc EpollEvent[1];
        for (var left = target.Left; left > 1; left = target.Left)
        {
            Assert.Equal((0, Errno.None), (ring.Wait(events, out var error), error));
            Assert.InRange(left - target.Left, 0, 4);
        }
    });

    [NeedsFact(Need.Ring)]
    public void DisposalEndsAWaitForEvents() => OnAThread((epoll, ring) =>
    {
        using var target = new Target(epoll, int.MaxValue);
        using var file = new OtherThreads<FileIo>(Scratch());
        CompleteOne(file.Value, target, ring);
        ring.Dispose();
    });

    [NeedsFact(Need.Ring)]
    public void ARingTellsOfWorkInSharedMemory()
    {
        Assert.True(IoUring.TryCreate(4, out var ring, out var whyNot), whyNot);
        using (ring)
        {
            using var told = EventFd.Create();
            Assert.Equal(Environment.OSVersion.Version >= new Version(5, 19), ring.TellsOfWork);
            ring.Poll(told, 1);
            Assert.Equal(Errno.None, ring.Enter(wait: false));
            Assert.False(ring.HasWork, "nothing has come");
            told.Signal();
            Assert.True(SpinWait.SpinUntil(() => ring.HasWork, 20_000));
            Assert.Equal(Errno.None, ring.Enter(wait: false));
            Assert.True(ring.TryReap(out _, out _));
            Assert.False(ring.HasWork, "it was taken");
        }
    }

    private void CompleteOne(FileIo file, Target target, ThreadRing ring)
    {
        Span<EpollEvent> events = stackalloc EpollEvent[1];
        var left = target.Left;
        file.Submit(Request(write: true, 0, 0, target));
        while (target.Left == left)
        {
            Assert.Equal((0, Errno.None), (ring.Wait(events, out var error), error));
        }
    }

    // With the kernel's wait for an epoll, where it has one, and as without; sleeping at once, and looking first.
    private static void OnAThread(Action<Epoll, ThreadRing> body)
    {
        foreach (var spinTime in new[] { TimeSpan.Zero, TimeSpan.FromMicroseconds(500) })
        {
            OnAThread(epollWait: true, spinTime, body);
            OnAThread(epollWait: false, spinTime, body);
        }
    }

    private static void OnAThread(bool epollWait, TimeSpan spinTime, Action<Epoll, ThreadRing> body)
    {
        Exception? failed = null;
        var thread = new Thread(() =>
        {
            using var epoll = Epoll.Create();
            try
            {
                using var ring = ThreadRing.TryCreate(epoll, epollWait, spinTime, out var whyNot);
                Assert.True(ring is not null, whyNot);
                body(epoll, ring);
            }
            catch (Exception exception)
            {
                failed = exception;
            }
        });
        thread.Start();
        Assert.True(thread.Join(60_000), "the thread did not end");
        Assert.True(failed is null, failed?.ToString());
    }

    // Each page of the memory, from or to the same page of the file.
    private void SubmitAll(FileIo file, bool write, Target target)
    {
        target.Restart(Pages);
        for (var page = 0; page < Pages; page++)
        {
            file.Submit(Request(write, page, page, target));
        }
    }

    private FileIo Scratch() => FileIo.CreateScratch(_folder.Path, 16 << 20, workers: 1);

    private FileIoRequest Request(bool write, int filePage, int memoryPage, Target target) => new(
        write,
        (ulong)filePage * PageSizeBytes,
        _memory.Address + (memoryPage * PageSizeBytes),
        PageSizeBytes,
        target,
        0);

    // Disposes on another thread, as a thread with a ring must.
    private sealed class OtherThreads<T>(T value) : IDisposable
        where T : IDisposable
    {
        internal T Value => value;

        public void Dispose() => Task.Run(value.Dispose).Wait();
    }

    // Counts completions and makes the epoll ready after the last.
    private sealed class Target : IFileIoCompletion, IDisposable
    {
        private readonly Epoll _epoll;
        private readonly EventFd _done = EventFd.Create();
        private readonly HashSet<int> _threads = new(16); // Guarded by: itself
        private int _left; // Guarded by: atomic

        internal Target(Epoll epoll, int count)
        {
            _epoll = epoll;
            _left = count;
            epoll.Add(_done, 1);
        }

        internal int Left => Volatile.Read(ref _left);

        internal HashSet<int> Threads => _threads;

        internal void Restart(int count) => _left = count;

        public void Completed(long tag, Errno error, int bytesTransferred)
        {
            lock (_threads)
            {
                _threads.Add(Environment.CurrentManagedThreadId);
            }

            if (error == Errno.None && bytesTransferred == PageSizeBytes && Interlocked.Decrement(ref _left) == 0)
            {
                _done.Signal();
            }
        }

        internal void Wait(ThreadRing ring)
        {
            Span<EpollEvent> events = stackalloc EpollEvent[1];
            int count;
            Errno error;
            do
            {
                count = ring.Wait(events, out error);
            }
            while (count == 0 && error == Errno.None); // transfers were completed, the last of which signals

            _done.Clear();
            if (count != 1 || events[0].Tag != 1 || error != Errno.None || Left != 0)
            {
                Assert.Fail($"{count} events, {Left} requests left"); // its other forms allocate
            }
        }

        public void Dispose()
        {
            _epoll.Remove(_done);
            _done.Dispose();
        }
    }
}
