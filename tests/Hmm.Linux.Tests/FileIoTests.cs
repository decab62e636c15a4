// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux.Interop;
using Hmm.Linux.Tests.Support;
using Hmm.Uapi;

namespace Hmm.Linux.Tests;

/// <summary>The queue, the ends of files, and folders that fail.</summary>
public sealed class FileIoTests : IDisposable
{
    private const int PageSizeBytes = 4096;

    private readonly TemporaryFolder _folder = new();
    private readonly PageBuffer _memory = new(64 * PageSizeBytes);

    /// <inheritdoc/>
    public void Dispose()
    {
        _memory.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void ScratchFileHasNoPathAndReadsAsZeros()
    {
        using var file = FileIo.CreateScratch(_folder.Path, 1UL << 40, workers: 1);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
        Assert.Equal(1UL << 40, file.LengthBytes);
        _memory.Span.Fill(1);
        Assert.Equal((Errno.None, 2 * PageSizeBytes), Transfer(file, write: false, 0, 2 * PageSizeBytes));
        Assert.Equal(-1, _memory.Span[..(2 * PageSizeBytes)].IndexOfAnyExcept((byte)0));
        var last = (1UL << 40) - PageSizeBytes;
        Assert.Equal((Errno.None, PageSizeBytes), Transfer(file, write: true, last, PageSizeBytes));
    }

    [Fact]
    public void PunchedSpanReadsAsZeros()
    {
        using var file = FileIo.CreateScratch(_folder.Path, 16 * PageSizeBytes, workers: 1);
        _memory.Span.Fill(7);
        Transfer(file, write: true, 0, 16 * PageSizeBytes);
        Assert.Equal(Errno.None, file.Flush());
        Assert.Equal(Errno.None, file.PunchHole(PageSizeBytes, PageSizeBytes));
        Transfer(file, write: false, 0, 3 * PageSizeBytes);
        Assert.Equal(7, _memory.Span[PageSizeBytes - 1]);
        Assert.Equal(-1, _memory.Span.Slice(PageSizeBytes, PageSizeBytes).IndexOfAnyExcept((byte)0));
        Assert.Equal(7, _memory.Span[2 * PageSizeBytes]);
    }

    [Fact]
    public void TransfersEndWhereTheFileEnds()
    {
        var path = WriteFile(PageSizeBytes + 100);
        using var file = Adopt(path, LibC.O_RDWR, writable: true);
        Assert.Equal((ulong)PageSizeBytes + 100, file.LengthBytes);
        Assert.Equal((Errno.None, PageSizeBytes + 100), Transfer(file, write: false, 0, 4 * PageSizeBytes));
        Assert.Equal(5, _memory.Span[PageSizeBytes + 99]);
        Assert.Equal((Errno.None, 0), Transfer(file, write: false, 4 * PageSizeBytes, PageSizeBytes));
        _memory.Span.Fill(6);
        Assert.Equal((Errno.None, 100), Transfer(file, write: true, PageSizeBytes, PageSizeBytes));
        Assert.Equal((Errno.None, 0), Transfer(file, write: true, 2 * PageSizeBytes, PageSizeBytes));
        Assert.Equal(PageSizeBytes + 100, new FileInfo(path).Length);
        var bytes = File.ReadAllBytes(path);
        Assert.Equal((5, 6), (bytes[PageSizeBytes - 1], bytes[PageSizeBytes + 99]));
    }

    [Fact]
    public void TruncatedFileIsReadShortAndNotBroughtBack()
    {
        var path = WriteFile(8 * PageSizeBytes);
        using var file = Adopt(path, LibC.O_RDWR, writable: true);
        using (var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            RandomAccess.SetLength(handle, PageSizeBytes + 1);
        }

        Assert.Equal((Errno.None, PageSizeBytes + 1), Transfer(file, write: false, 0, 8 * PageSizeBytes));
        Assert.Equal((Errno.None, PageSizeBytes + 1), Transfer(file, write: true, 0, 8 * PageSizeBytes));
        Assert.Equal((Errno.None, 0), Transfer(file, write: true, 4 * PageSizeBytes, PageSizeBytes));
        Assert.Equal(PageSizeBytes + 1, new FileInfo(path).Length);
    }

    [Fact]
    public void EmptyFileCanBeAdopted()
    {
        using var file = Adopt(WriteFile(0), LibC.O_RDONLY, writable: false);
        Assert.Equal((Errno.None, 0), Transfer(file, write: false, 0, PageSizeBytes));
    }

    [Fact]
    public void FoldersThatCannotBeUsedAreExplained()
    {
        var missing = _folder.File("missing");
        AssertRefused(Errno.ENOENT, "does not exist; create it", () => FileIo.CreateScratch(missing, PageSizeBytes, 1));
        AssertRefused((Errno)20, "is not a folder", () => FileIo.CreateScratch(WriteFile(1), PageSizeBytes, 1));
        AssertRefused(Errno.EFBIG, "no files of that length", () => FileIo.CreateScratch(_folder.Path, 1UL << 62, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => FileIo.CreateScratch(_folder.Path, 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => FileIo.CreateScratch(_folder.Path, 4097, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => FileIo.CreateScratch(_folder.Path, PageSizeBytes, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => FileIo.CreateScratch(_folder.Path, PageSizeBytes, 65));
    }

    [NeedsFact(Need.Mount)]
    public void ReadOnlyFolderIsExplained()
    {
        using var mounted = new MountedFolder("tmpfs", "size=64k,ro");
        AssertRefused(Errno.EROFS, "read-only", () => FileIo.CreateScratch(mounted.Path, PageSizeBytes, 1));
    }

    [NeedsFact(Need.Mount)]
    public void FullFolderIsExplained()
    {
        using var mounted = new MountedFolder("tmpfs", "size=64k");
        File.WriteAllBytes(mounted.Path + "/filler", new byte[64 << 10]);
        AssertRefused(
            Errno.ENOSPC,
            "free space or name another folder",
            () => FileIo.CreateScratch(mounted.Path, PageSizeBytes, 1));
        Assert.Single(Directory.EnumerateFileSystemEntries(mounted.Path));
    }

    [NeedsFact(Need.Mount)]
    public void FolderThatFillsUpFailsWritesAndKeepsWhatWasWritten()
    {
        using var mounted = new MountedFolder("tmpfs", "size=64k");
        using var file = FileIo.CreateScratch(mounted.Path, 64 * PageSizeBytes, workers: 2);
        using var writes = new Completions(64);
        for (var page = 0; page < 64; page++)
        {
            _memory.Span.Slice(page * PageSizeBytes, PageSizeBytes).Fill((byte)(page + 1));
            var offset = page * PageSizeBytes;
            file.Submit(new FileIoRequest(true, (ulong)offset, _memory.Address + offset, PageSizeBytes, writes, page));
        }

        writes.WaitForAll();
        Assert.Contains(Errno.None, writes.Errors);
        Assert.Contains(Errno.ENOSPC, writes.Errors);
        for (var page = 0; page < 64; page++)
        {
            if (writes.Errors[page] == Errno.None)
            {
                Transfer(file, write: false, (ulong)(page * PageSizeBytes), PageSizeBytes);
                Assert.Equal(-1, _memory.Span[..PageSizeBytes].IndexOfAnyExcept((byte)(page + 1)));
            }
        }
    }

    [Fact]
    public void DescriptorsThatCannotBeAdoptedAreExplainedAndClosed()
    {
        var path = WriteFile(100);
        AssertNotAdopted(Errno.EISDIR, "is a folder", _folder.Path, LibC.O_RDONLY, writable: false);
        AssertNotAdopted(Errno.EACCES, "for reading and writing", path, LibC.O_RDONLY, writable: true);
        AssertNotAdopted(Errno.EACCES, "not open for reading", path, LibC.O_WRONLY, writable: false);
        AssertNotAdopted(Errno.EACCES, "not open for reading", path, LibC.O_PATH, writable: false);
        AssertNotAdopted(Errno.EINVAL, "O_APPEND", path, LibC.O_RDWR | LibC.O_APPEND, writable: true);
        AssertNotAdopted(Errno.EINVAL, "not a regular file", Fifo(), LibC.O_RDWR, writable: true);
        Assert.Equal(Errno.EBADF, Assert.Throws<HmmException>(() => FileIo.Adopt(1 << 20, writable: false, 1)).Errno);
    }

    [Fact]
    public void FullQueueIsAnErrorAndNotAWait()
    {
        using var gate = new ManualResetEventSlim();
        using var blocked = new BlockingCompletion(gate);
        using var file = FileIo.CreateScratch(_folder.Path, PageSizeBytes, workers: 1);
        file.Submit(Read(blocked, 0));
        Assert.True(blocked.Entered.Wait(10_000));
        using var waiting = new Completions(FileIo.QueueLengthMax + 1);
        for (var tag = 0; tag <= FileIo.QueueLengthMax; tag++)
        {
            file.Submit(Read(waiting, tag));
        }

        Assert.Equal(Errno.ENOMEM, waiting.Errors[FileIo.QueueLengthMax]);
        Assert.Equal(0, waiting.Transferred[FileIo.QueueLengthMax]);
        gate.Set();
        waiting.WaitForAll();
        Assert.Equal(FileIo.QueueLengthMax, waiting.Errors.Count(static error => error == Errno.None));
    }

    [Fact]
    public void DisposalCompletesWhatWasSubmitted()
    {
        using var reads = new Completions(1000);
        using (var file = FileIo.CreateScratch(_folder.Path, PageSizeBytes, workers: 2))
        {
            for (var tag = 0; tag < 1000; tag++)
            {
                file.Submit(Read(reads, tag));
            }
        }

        reads.WaitForAll();
        Assert.All(reads.Errors, static error => Assert.Equal(Errno.None, error));
    }

    [Fact]
    public void SubmittingAfterDisposalIsCaught()
    {
        using var reads = new Completions(1);
        var file = FileIo.CreateScratch(_folder.Path, PageSizeBytes, workers: 1);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Submit(Read(reads, 0)));
    }

    [Fact]
    public void CompletionThatDisposesIsCaught()
    {
        using var file = FileIo.CreateScratch(_folder.Path, PageSizeBytes, workers: 1);
        var disposer = new DisposingCompletion(file);
        file.Submit(Read(disposer, 0));
        Assert.True(disposer.Caught.Wait(10_000));
    }

    [Fact]
    public void ImpossibleRequestsAreRefused()
    {
        using var reads = new Completions(1);
        using var file = Adopt(WriteFile(100), LibC.O_RDONLY, writable: false);
        Assert.Throws<ArgumentException>(() => file.Submit(Read(reads, 0) with { LengthBytes = 0 }));
        Assert.Throws<ArgumentException>(() => file.Submit(Read(reads, 0) with { LengthBytes = -4096 }));
        Assert.Throws<ArgumentException>(() => file.Submit(Read(reads, 0) with { Buffer = 0 }));
        Assert.Throws<ArgumentException>(() => file.Submit(Read(reads, 0) with { Target = null! }));
        Assert.Throws<ArgumentException>(() => file.Submit(Read(reads, 0) with { Offset = long.MaxValue }));
        Assert.Throws<ArgumentException>(() => file.Submit(Read(reads, 0) with { Write = true }));
    }

    [Fact]
    public void RequestsAllocateNothing()
    {
        using var file = FileIo.CreateScratch(_folder.Path, PageSizeBytes, workers: 1);
        using var measured = new AllocationCompletion();
        var request = new FileIoRequest(true, 0, _memory.Address, PageSizeBytes, measured, 0);
        Cycle();
        Cycle();
        var submitter = GC.GetAllocatedBytesForCurrentThread();
        var worker = measured.WorkerAllocatedBytes;
        for (var i = 0; i < 200; i++)
        {
            Cycle();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - submitter);
        Assert.Equal(0, measured.WorkerAllocatedBytes - worker);

        void Cycle()
        {
            file.Submit(in request);
            measured.Wait();
        }
    }

    private static void AssertRefused(Errno errno, string part, Func<object> attempt)
    {
        var refused = Assert.Throws<HmmException>(attempt);
        Assert.Equal(errno, refused.Errno);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }

    private static void AssertNotAdopted(Errno errno, string part, string path, int access, bool writable)
    {
        // Another test may get the number as soon as it is free, but not the same file.
        var descriptor = LibC.open(path, access | LibC.O_CLOEXEC, 0);
        var link = new FileInfo($"/proc/self/fd/{descriptor}");
        var target = link.LinkTarget;
        Assert.NotNull(target);
        AssertRefused(errno, part, () => FileIo.Adopt(descriptor, writable, 1));
        link.Refresh();
        Assert.NotEqual(target, link.LinkTarget);
    }

    private static FileIo Adopt(string path, int access, bool writable)
        => FileIo.Adopt(LibC.open(path, access | LibC.O_CLOEXEC, 0), writable, workers: 1);

    private string Fifo()
    {
        var path = _folder.File("fifo");
        using var mkfifo = System.Diagnostics.Process.Start("mkfifo", [path]);
        mkfifo.WaitForExit();
        return path;
    }

    private FileIoRequest Read(IFileIoCompletion target, long tag)
        => new(false, 0, _memory.Address, PageSizeBytes, target, tag);

    private string WriteFile(int length)
    {
        var path = _folder.File("file-" + Guid.NewGuid().ToString("n"));
        var bytes = new byte[length];
        Array.Fill(bytes, (byte)5);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private (Errno Error, int Bytes) Transfer(FileIo file, bool write, ulong offset, int lengthBytes)
    {
        using var done = new Completions(1);
        file.Submit(new FileIoRequest(write, offset, _memory.Address, lengthBytes, done, 0));
        done.WaitForAll();
        return (done.Errors[0], done.Transferred[0]);
    }

    private sealed class BlockingCompletion(ManualResetEventSlim gate) : IFileIoCompletion, IDisposable
    {
        internal ManualResetEventSlim Entered { get; } = new();

        public void Completed(long tag, Errno error, int bytesTransferred)
        {
            Entered.Set();
            gate.Wait(20_000);
        }

        public void Dispose() => Entered.Dispose();
    }

    private sealed class DisposingCompletion(FileIo file) : IFileIoCompletion
    {
        private readonly TaskCompletionSource _caught = new();

        internal Task Caught => _caught.Task;

        public void Completed(long tag, Errno error, int bytesTransferred)
        {
            try
            {
                file.Dispose();
            }
            catch (InvalidOperationException)
            {
                _caught.SetResult();
            }
        }
    }

    private sealed class AllocationCompletion : IFileIoCompletion, IDisposable
    {
        private readonly SemaphoreSlim _done = new(0);

        internal long WorkerAllocatedBytes { get; private set; } // Guarded by: the semaphore's order

        public void Completed(long tag, Errno error, int bytesTransferred)
        {
            WorkerAllocatedBytes = GC.GetAllocatedBytesForCurrentThread();
            _done.Release();
        }

        public void Dispose() => _done.Dispose();

        internal void Wait() => Assert.True(_done.Wait(10_000));
    }
}
