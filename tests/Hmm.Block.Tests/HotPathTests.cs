// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Modules.Block;
using Hmm.Uapi;

namespace Hmm.Block.Tests;

/// <summary>What a fill and an eviction must not do.</summary>
public sealed class HotPathTests
{
    private const ulong SizeBytes = 16UL << 20;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FillAndEvictionAllocateNothing(bool encrypt)
    {
        using var folder = new TemporaryFolder();
        var io = FileIo.CreateScratch(folder.Path, LogSize.FileBytesFor(SizeBytes), 1, ring: true);
        using var world = new BlockWorld(new BlockFile(io, folder.Path, 0, 1), SizeBytes, encrypt);
        var (first, count) = world.Allocate(8);

        // Code that is not yet optimised may box; a round without any allocation shows that the rest does not.
        var (hooks, completions) = (1L, 1L);
        for (var round = 0; round < 50 && hooks + completions > 0; round++)
        {
            Cycle();
            hooks = GC.GetAllocatedBytesForCurrentThread();
            completions = world.Batch.CompleterAllocatedBytes;
            for (var i = 0; i < 100; i++)
            {
                Cycle();
            }

            hooks = GC.GetAllocatedBytesForCurrentThread() - hooks;
            completions = world.Batch.CompleterAllocatedBytes - completions;
        }

        Assert.Equal((0, 0), (hooks, completions));

        void Cycle()
        {
            if (world.Evict(first, count, 1) != Errno.None || world.Fill(first, count) != Errno.None)
            {
                throw new InvalidOperationException("a transfer failed");
            }
        }
    }
}
