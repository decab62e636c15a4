// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using Hmm.Linux.Interop;
using Hmm.Linux.Tests.Support;
using Hmm.Uapi;

namespace Hmm.Linux.Tests;

/// <summary>Transfers by io_uring: depth, ends, registered memory, and where it is forbidden.</summary>
public sealed class RingTests : IDisposable
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
    public void MoreRequestsThanTheRingHoldsAllComplete()
    {
        using var file = Scratch();
        const int Requests = 3000;
        using var writes = new Completions(Requests);
        for (var tag = 0; tag < Requests; tag++)
        {
            var page = tag % Pages;
            var buffer = _memory.Address + (page * PageSizeBytes);
            file.Submit(new FileIoRequest(true, (ulong)tag * PageSizeBytes, buffer, PageSizeBytes, writes, tag));
        }

        writes.WaitForAll();
        Assert.All(writes.Errors, static error => Assert.Equal(Errno.None, error));
        Assert.All(writes.Transferred, static bytes => Assert.Equal(PageSizeBytes, bytes));
    }

    [NeedsFact(Need.Ring)]
    public void ManyThreadsSubmitAndCompletionsSubmitAgain()
    {
        using var file = Scratch();
        var chains = Enumerable.Range(0, 8)
            .Select(chain => new Chain(file, _memory.Address + (chain * PageSizeBytes), (ulong)chain * PageSizeBytes))
            .ToArray();
        Parallel.ForEach(chains, static chain => chain.Start());
        Assert.All(chains, static chain => Assert.True(chain.Done.Wait(20_000)));
    }

    [NeedsFact(Need.Ring)]
    public void RegisteredMemoryCarriesTheSameBytes()
    {
        using var file = Scratch();

        // The second half of each buffer of 32 KiB is not registered.
        var error = file.RegisterBuffers([new FileIoBuffers(_memory.Address, 32 << 10, 16 << 10, 8)]);
        Assert.Equal(Errno.None, error);
        var expected = new byte[Pages * PageSizeBytes];
        new Random(1).NextBytes(expected);
        expected.CopyTo(_memory.Span);
        for (var page = 0; page < Pages; page++)
        {
            Assert.Equal(PageSizeBytes, Transfer(file, true, page, page));
        }

        _memory.Span.Clear();
        for (var page = 0; page < Pages; page++)
        {
            Assert.Equal(PageSizeBytes, Transfer(file, false, page, page));
        }

        Assert.True(_memory.Span.SequenceEqual(expected));
    }

    [NeedsFact(Need.Ring)]
    public void RequestsAllocateNothing()
    {
        using var file = Scratch();
        using var measured = new Measured();
        var request = new FileIoRequest(true, 0, _memory.Address, PageSizeBytes, measured, 0);
        Cycle();
        Cycle();
        var submitter = GC.GetAllocatedBytesForCurrentThread();
        var ring = measured.RingAllocatedBytes;
        for (var i = 0; i < 200; i++)
        {
            Cycle();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - submitter);
        Assert.Equal(0, measured.RingAllocatedBytes - ring);

        void Cycle()
        {
            file.Submit(in request);
            measured.Wait();
        }
    }

    [NeedsFact(Need.Ring)]
    public void DisposalCompletesWhatWasSubmittedAndRefusesMore()
    {
        using var reads = new Completions(1000);
        var file = Scratch();
        for (var tag = 0; tag < 1000; tag++)
        {
            file.Submit(new FileIoRequest(false, 0, _memory.Address, PageSizeBytes, reads, tag));
        }

        file.Dispose();
        reads.WaitForAll();
        Assert.All(reads.Errors, static error => Assert.Equal(Errno.None, error));
        Assert.Throws<ObjectDisposedException>(
            () => file.Submit(new FileIoRequest(false, 0, _memory.Address, PageSizeBytes, reads, 0)));
    }

    [NeedsFact(Need.Ring)]
    public void FileTruncatedByOthersIsReadShortAndNotBroughtBack()
    {
        var path = _folder.File("data");
        File.WriteAllBytes(path, new byte[8 * PageSizeBytes]);
        using var file = FileIo.OpenPath(path, 0, 1, ring: true);
        using (var other = new Descriptor(LibC.open(path, LibC.O_RDWR | LibC.O_CLOEXEC, 0)))
        {
            Assert.Equal(0, LibC.ftruncate(other, PageSizeBytes)); // not by .NET's means, which heed the lock
        }

        Assert.Equal(PageSizeBytes, Transfer(file, false, 0, 0, pages: 2));
        Assert.Equal(0, Transfer(file, false, 4, 4));
        Assert.Equal(0, Transfer(file, true, 4, 4));
        Assert.Equal(PageSizeBytes, new FileInfo(path).Length);
    }

    [NeedsTheory(Need.DirectIo)]
    [InlineData(LibC.SYS_io_uring_setup, "a sandbox (seccomp) forbids io_uring")]
    [InlineData(LibC.SYS_io_uring_enter, "a sandbox forbids io_uring_enter")]
    [InlineData(LibC.SYS_io_uring_register, "does not list io_uring's operations (EPERM)")]
    public void WorkersDoItWhereIoUringIsForbidden(long call, string reason)
    {
        var (mine, theirs) = UnixSocket.CreatePair();
        using (mine)
        {
            ChildProcess child;
            using (theirs)
            {
                child = Program.Spawn("noring", theirs, _folder.Path, $"{call}");
            }

            using (child)
            {
                var message = new byte[1000];
                var length = mine.Receive(message, [], out _, out _);
                var said = Encoding.UTF8.GetString(message, 0, length);
                Assert.StartsWith("False None ", said, StringComparison.Ordinal);
                Assert.Contains(reason, said, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void WorkersDoItWithoutBeingAskedForARing()
    {
        using var file = FileIo.CreateScratch(_folder.Path, PageSizeBytes, workers: 1);
        Assert.False(file.HasRing);
        Assert.Equal("not asked for", file.WhyNoRing);
        Assert.Equal(Errno.EOPNOTSUPP, file.RegisterBuffers([]));
    }

    [Fact]
    public void FileThatSomebodyUsesIsRefused()
    {
        var path = _folder.File("data");
        File.WriteAllBytes(path, new byte[PageSizeBytes]);
        using var first = FileIo.OpenPath(path, 0, 1, ring: false);
        var refused = Assert.Throws<HmmException>(() => FileIo.OpenPath(path, 0, 1, ring: false));
        Assert.Equal(Errno.EBUSY, refused.Errno);
        Assert.Contains("another program or host uses it", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PathsThatAreNoStorageAreRefused()
    {
        AssertRefused(Errno.ENOENT, _folder.File("missing"));
        AssertRefused(Errno.EINVAL, "/dev/null");
        AssertRefused(Errno.EISDIR, _folder.Path);
        var empty = _folder.File("empty");
        File.WriteAllBytes(empty, []);
        AssertRefused(Errno.EINVAL, empty);
        using var sized = FileIo.OpenPath(empty, 1 << 20, 1, ring: false);
        Assert.Equal(1UL << 20, sized.LengthBytes);
    }

    [NeedsFact(Need.Loop)]
    public void BlockDeviceIsWrittenDiscardedAndForOneUserOnly()
    {
        using var device = new LoopDevice(8 << 20);
        using var file = FileIo.OpenPath(device.Path, 0, 1, ring: true);
        Assert.Equal(8UL << 20, file.LengthBytes);
        _memory.Span.Fill(7);
        Assert.Equal(PageSizeBytes, Transfer(file, true, 5, 0));
        _memory.Span.Clear();
        Assert.Equal(PageSizeBytes, Transfer(file, false, 5, 0));
        Assert.Equal(7, _memory.Span[PageSizeBytes - 1]);
        Assert.Equal(Errno.None, file.PunchHole(4 * PageSizeBytes, 4 * PageSizeBytes));
        Assert.Equal(PageSizeBytes, Transfer(file, false, 5, 0));
        Assert.Equal(0, _memory.Span[PageSizeBytes - 1]);
        AssertRefused(Errno.EBUSY, device.Path);
    }

    private static void AssertRefused(Errno errno, string path)
    {
        var refused = Assert.Throws<HmmException>(() => FileIo.OpenPath(path, 0, 1, ring: false).Dispose());
        Assert.Equal(errno, refused.Errno);
    }

    private FileIo Scratch()
    {
        var file = FileIo.CreateScratch(_folder.Path, 16 << 20, workers: 1, ring: true);
        Assert.True(file.HasRing, file.WhyNoRing);
        return file;
    }

    private int Transfer(FileIo file, bool write, int filePage, int memoryPage, int pages = 1)
    {
        using var done = new Completions(1);
        file.Submit(new FileIoRequest(
            write,
            (ulong)filePage * PageSizeBytes,
            _memory.Address + (memoryPage * PageSizeBytes),
            pages * PageSizeBytes,
            done,
            0));
        done.WaitForAll();
        Assert.Equal(Errno.None, done.Errors[0]);
        return done.Transferred[0];
    }

    private sealed class Chain(FileIo file, nint buffer, ulong offset) : IFileIoCompletion
    {
        private const int Links = 500;

        private readonly TaskCompletionSource _done = new();

        internal Task Done => _done.Task;

        internal void Start() => Submit(0);

        public void Completed(long tag, Errno error, int bytesTransferred)
        {
            if (error != Errno.None || tag == Links)
            {
                _done.SetResult();
                return;
            }

            Submit(tag + 1);
        }

        private void Submit(long tag) =>
            file.Submit(new FileIoRequest((tag & 1) == 0, offset, buffer, PageSizeBytes, this, tag));
    }

    private sealed class Measured : IFileIoCompletion, IDisposable
    {
        private readonly SemaphoreSlim _done = new(0);

        internal long RingAllocatedBytes { get; private set; } // Guarded by: the semaphore's order

        public void Completed(long tag, Errno error, int bytesTransferred)
        {
            RingAllocatedBytes = GC.GetAllocatedBytesForCurrentThread();
            _done.Release();
        }

        public void Dispose() => _done.Dispose();

        internal void Wait() => Assert.True(_done.Wait(10_000));
    }
}
