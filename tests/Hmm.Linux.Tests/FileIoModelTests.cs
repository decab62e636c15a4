// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux.Interop;
using Hmm.Linux.Tests.Support;
using Hmm.Uapi;
using Xunit.Abstractions;

namespace Hmm.Linux.Tests;

/// <summary>
/// Random transfers against a plain array, aligned and not, inside the file and across its end.
/// </summary>
public sealed class FileIoModelTests(ITestOutputHelper output)
{
    private const int Batches = 60;
    private const int BatchRequests = 16;

    // The requests of a batch stay in slots of their own: they must not overlap.
    private const int SlotSizeBytes = 5 * 4096;

    [NeedsFact(Need.DirectIo)]
    public void DirectScratchMatchesAnArray()
    {
        using var folder = new TemporaryFolder();
        using var file = FileIo.CreateScratch(folder.Path, BatchRequests * SlotSizeBytes, workers: 4);
        Assert.Equal(FileIoMode.Direct, file.Mode);
        Compare(file, BatchRequests * SlotSizeBytes);
    }

    [NeedsFact(Need.Ring)]
    public void RingMatchesAnArray()
    {
        using var folder = new TemporaryFolder();
        using var file =
            FileIo.CreateScratch(folder.Path, BatchRequests * SlotSizeBytes, workers: 4, ring: true);
        Assert.True(file.HasRing, file.WhyNoRing);
        Compare(file, BatchRequests * SlotSizeBytes);
    }

    [NeedsFact(Need.Ring)]
    public void RingOnAFileMatchesAnArrayAndNeverMakesItLonger()
    {
        using var folder = new TemporaryFolder();
        const int Length = (BatchRequests - 1) * SlotSizeBytes; // the last slot is behind the end
        var path = folder.File("data");
        File.WriteAllBytes(path, new byte[Length]);
        byte[] model;
        using (var file = FileIo.OpenPath(path, 0, workers: 4, ring: true))
        {
            Assert.True(file.HasRing, file.WhyNoRing);
            model = Compare(file, Length);
            Assert.Equal(Errno.None, file.Flush());
        }

        Assert.Equal(model, File.ReadAllBytes(path));
        Assert.Equal(Length, new FileInfo(path).Length);
    }

    [NeedsFact(Need.Mount)]
    public void BufferedScratchMatchesAnArray()
    {
        // ramfs has no O_DIRECT.
        using var mounted = new MountedFolder("ramfs", "mode=0700");
        using var file = FileIo.CreateScratch(mounted.Path, BatchRequests * SlotSizeBytes, workers: 4);
        Assert.Equal(FileIoMode.Buffered, file.Mode);
        Compare(file, BatchRequests * SlotSizeBytes);
    }

    [Fact]
    public void AdoptedFileWithAnOddLengthMatchesAnArrayAndNeverGrows()
    {
        using var folder = new TemporaryFolder();
        const int Length = ((BatchRequests - 1) * SlotSizeBytes) + 4096 + 777; // the last slot crosses the end
        var path = folder.File("data");
        File.WriteAllBytes(path, new byte[Length]);
        using (var file = FileIo.Adopt(LibC.open(path, LibC.O_RDWR | LibC.O_CLOEXEC, 0), writable: true, workers: 4))
        {
            output.WriteLine($"mode {file.Mode}");
            var model = Compare(file, Length);
            Assert.Equal(Errno.None, file.Flush());
            Assert.Equal(model, File.ReadAllBytes(path));
        }

        Assert.Equal(Length, new FileInfo(path).Length);
    }

    private byte[] Compare(FileIo file, int length)
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var model = new byte[length];
        using var memory = new PageBuffer(BatchRequests * SlotSizeBytes);
        for (var batch = 0; batch < Batches; batch++)
        {
            RunBatch(file, random, model, memory, $"seed {seed}, batch {batch}");
        }

        return model;
    }

    private static void RunBatch(FileIo file, Random random, byte[] model, PageBuffer memory, string where)
    {
        using var completions = new Completions(BatchRequests);
        var requests = new FileIoRequest[BatchRequests];
        for (var slot = 0; slot < BatchRequests; slot++)
        {
            var aligned = random.Next(2) == 0;
            var unit = aligned ? 4096 : 1;
            var skip = random.Next(SlotSizeBytes / unit) * unit;
            var size = (1 + random.Next((SlotSizeBytes - skip) / unit)) * unit;
            var start = slot * SlotSizeBytes;
            var request = new FileIoRequest(
                Write: random.Next(2) == 0,
                Offset: (ulong)(start + skip),
                Buffer: memory.Address + start,
                LengthBytes: size,
                completions,
                slot);
            requests[slot] = request;
            var bytes = memory.Span.Slice(start, size);
            if (request.Write)
            {
                random.NextBytes(bytes);
                bytes[..Inside(request, model)].CopyTo(model.AsSpan(Math.Min(start + skip, model.Length)));
            }
            else
            {
                bytes.Fill(0xEE);
            }

            file.Submit(in request);
        }

        completions.WaitForAll();
        for (var slot = 0; slot < BatchRequests; slot++)
        {
            var request = requests[slot];
            var inside = Inside(request, model);
            var what = $"{where}: {request}";
            Assert.True(completions.Errors[slot] == Errno.None, $"{what}: {completions.Errors[slot]}");
            var transferred = completions.Transferred[slot];
            Assert.True(transferred == inside, $"{what}: {transferred} bytes, not {inside}");
            if (!request.Write)
            {
                var bytes = memory.Span.Slice(slot * SlotSizeBytes, request.LengthBytes);
                var expected = model.AsSpan(Math.Min((int)request.Offset, model.Length), inside);
                Assert.True(bytes[..inside].SequenceEqual(expected), $"{what}: wrong bytes");

                // Behind the end a direct read may leave zeros, but never what a device holds
                // there.
                var foreign = bytes[inside..].IndexOfAnyExcept((byte)0xEE, (byte)0);
                Assert.True(foreign < 0, $"{what}: bytes from behind the end");
            }
        }
    }

    private static int Inside(in FileIoRequest request, byte[] model)
        => Math.Clamp(model.Length - (int)request.Offset, 0, request.LengthBytes);
}
