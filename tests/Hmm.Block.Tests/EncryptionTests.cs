// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Modules.Block;
using Hmm.Uapi;

namespace Hmm.Block.Tests;

/// <summary>What is on an encrypted device's disk is noise, and what was changed there is never returned.</summary>
public sealed class EncryptionTests : IDisposable
{
    private const ulong SizeBytes = 16UL << 20;
    private const int Pages = 256;

    private readonly FaultyFile _file = new(LogSize.FileBytesFor(SizeBytes), 1);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    [Fact]
    public void DiskHoldsNoise()
    {
        using var world = new BlockWorld(_file, SizeBytes, encrypt: true);
        var batch = new TestBatch();
        var (first, _) = world.Allocate(Pages);
        var text = "The same sentence on every page. "u8;
        for (var i = 0; i < Pages; i++)
        {
            for (var at = 0; at + text.Length <= 4096; at += text.Length)
            {
                text.CopyTo(world.Page(i)[at..]);
            }
        }

        world.Device.Evict(batch.Add(first, Pages, world.BufferOf(0)).Give());
        batch.Wait();
        var counts = new long[256];
        var pages = new HashSet<string>();
        for (var page = 0; page < Pages; page++)
        {
            Assert.Equal(-1, _file.Page(page).IndexOf("sentence"u8));
            Assert.True(pages.Add(Convert.ToHexString(_file.Page(page))), "two equal pages are equal on the disk");
            foreach (var value in _file.Page(page))
            {
                counts[value]++;
            }
        }

        // A megabyte of random bytes has 7.9998 bits in each.
        var entropy = -counts.Sum(count => (double)count / (Pages * 4096) * Math.Log2((double)count / (Pages * 4096)));
        Assert.True(entropy > 7.999, $"{entropy:F4} bits a byte");
        Assert.Equal(Errno.None, world.Fill(first, Pages));
        Assert.True(world.Page(Pages - 1)[..text.Length].SequenceEqual(text));
        world.Put(first, Pages);
    }

    [Fact]
    public void WithoutEncryptionTheDiskHoldsThePage()
    {
        // So that the test above could fail.
        using var world = new BlockWorld(_file, SizeBytes);
        var (first, _) = world.Allocate(1);
        Assert.Equal(Errno.None, world.Evict(first, 1, 1));
        world.Make(0, first, 1);
        Assert.True(_file.Page(0).SequenceEqual(world.Page(0)));
        world.Put(first, 1);
    }

    [Fact]
    public void ChangedPageIsRefusedEvenWithARightChecksum()
    {
        using var world = new BlockWorld(_file, SizeBytes, encrypt: true);
        var (first, _) = world.Allocate(2);
        Assert.Equal(Errno.None, world.Evict(first, 2, 1));
        _file.Page(0)[5] ^= 0x80;
        _file.Page(0).CopyTo(world.Page(1));
        world.Memory.DriverWord(first) = new PlaceWord(0, Checksum.OfFrame(world.BufferOf(1))).Raw;
        Assert.Equal(Errno.EIO, world.Fill(first, 1));
        world.AssertHolds(first + 1, 1, "the next page");
        world.Put(first, 2);
    }

    [Fact]
    public void PageOfAnotherPlaceOrTimeIsRefused()
    {
        using var world = new BlockWorld(_file, SizeBytes, encrypt: true);
        var (first, _) = world.Allocate(2);
        Assert.Equal(Errno.None, world.Evict(first, 2, 1));
        _file.Page(1).CopyTo(_file.Page(0));
        _file.Page(0).CopyTo(world.Page(1));
        world.Memory.DriverWord(first) = new PlaceWord(0, Checksum.OfFrame(world.BufferOf(1))).Raw;
        Assert.Equal(Errno.EIO, world.Fill(first, 1));
        world.Put(first, 2);
    }

    [Fact]
    public void AnotherKeyDecryptsNothing()
    {
        using var world = new BlockWorld(_file, SizeBytes);
        using var cipher = new PageCipher();
        using var other = new PageCipher();
        world.Make(0, world.First, 1);
        cipher.Encrypt(world.BufferOf(0), out var seal);
        world.Page(0).CopyTo(world.Page(1));
        Assert.False(other.TryDecrypt(world.BufferOf(1), in seal));
        Assert.True(cipher.TryDecrypt(world.BufferOf(0), in seal));
        Assert.True(world.IsAsMade(0, world.First, 1));
    }

    [Fact]
    public void NoNonceIsUsedTwice()
    {
        using var world = new BlockWorld(_file, SizeBytes);
        using var cipher = new PageCipher();
        var numbers = new global::System.Collections.Concurrent.ConcurrentDictionary<ulong, bool>();
        Parallel.For(0, 8, thread =>
        {
            for (var i = 0; i < 2000; i++)
            {
                cipher.Encrypt(world.BufferOf(thread), out var seal);
                Assert.True(numbers.TryAdd(seal.Number, true));
            }
        });
        Assert.Equal(16_000, numbers.Count);
    }
}
