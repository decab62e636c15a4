// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Block.Tests;

/// <summary>How a page is kept by the device that it comes from.</summary>
public enum Kind
{
    Plain,
    Lz4,
    Zstd,
    Word,
}

/// <summary>The other device: it makes pages, encodes them, and knows them again.</summary>
internal sealed unsafe class Peers(BlockWorld world) : IDisposable
{
    private readonly Codec _lz4 = Lz4Codec.Open();
    private readonly Codec _zstd = ZstdCodec.Open();
    private readonly void* _scratch = NativeMemory.AlignedAlloc(2 * Pfn.SizeBytes, Pfn.SizeBytes);

    public static PageEncoding EncodingOf(Kind kind) => kind switch
    {
        Kind.Lz4 => PageEncoding.Lz4,
        Kind.Zstd => PageEncoding.Zstd,
        Kind.Word => PageEncoding.Word,
        _ => PageEncoding.Plain,
    };

    /// <summary>Encodes pages and hands them to the device.</summary>
    public Errno Import(Pfn first, Kind[] kinds, int version, int damaged = -1)
    {
        var pages = kinds.Select((kind, i) => Encode(i, first + i, kind, version)).ToArray();
        if (damaged >= 0)
        {
            world.Page(damaged)[pages[damaged].LengthBytes / 2] ^= 0x10;
        }

        var batch = new TestPeerBatch(world.Device, first, kinds.Length, world.BufferOf(0));
        for (var i = 0; i < pages.Length; i++)
        {
            batch.PageAt(0, i) = pages[i];
        }

        world.Device.Import(batch);
        return batch.Wait();
    }

    /// <summary>Lets the device hand pages out, to one that accepts some encodings.</summary>
    public PeerBatch Export(Pfn first, int count, Func<PageEncoding, bool> accepts, out Errno error)
    {
        new Span<byte>((void*)world.BufferOf(0), count << Pfn.Shift).Clear();
        var batch = new TestPeerBatch(new Taker(accepts), first, count, world.BufferOf(0));
        world.Device.Export(batch);
        error = batch.Wait();
        return batch;
    }

    /// <summary>Whether a page of the buffer is what was made.</summary>
    public bool IsPage(int index, Pfn frame, Kind kind, int version)
    {
        Make(Scratch(0), frame, kind, version);
        return world.Page(index).SequenceEqual(Scratch(0));
    }

    /// <summary>Whether an exported page is what was made, as it was handed over or decoded.</summary>
    public bool IsAsMade(int index, EncodedPage said, Pfn frame, Kind kind, int version)
    {
        if (said.Encoding.IsPlain)
        {
            return said.LengthBytes == Pfn.SizeBytes && IsPage(index, frame, kind, version);
        }

        var bytes = world.Page(index)[..said.LengthBytes].ToArray();
        var expected = Encode(index, frame, kind, version);
        return said == expected && world.Page(index)[..said.LengthBytes].SequenceEqual(bytes);
    }

    public void Dispose()
    {
        _lz4.Dispose();
        _zstd.Dispose();
        NativeMemory.AlignedFree(_scratch);
    }

    private EncodedPage Encode(int index, Pfn frame, Kind kind, int version)
    {
        Make(Scratch(0), frame, kind, version);
        var checksum = Checksum.OfFrame((nint)_scratch);
        if (kind == Kind.Plain)
        {
            Scratch(0).CopyTo(world.Page(index));
            return new EncodedPage(PageEncoding.Plain, Pfn.SizeBytes, 0);
        }

        if (kind == Kind.Word)
        {
            Scratch(0)[..sizeof(ulong)].CopyTo(world.Page(index));
            return new EncodedPage(PageEncoding.Word, sizeof(ulong), checksum);
        }

        var codec = kind == Kind.Lz4 ? _lz4 : _zstd;
        var length = codec.Compress((nint)_scratch, Pfn.SizeBytes, world.BufferOf(index), Pfn.SizeBytes);
        Assert.InRange(length, 1, Pfn.SizeBytes);
        return new EncodedPage(EncodingOf(kind), length, checksum);
    }

    private Span<byte> Scratch(int page) => new((byte*)_scratch + (page * Pfn.SizeBytes), Pfn.SizeBytes);

    private static void Make(Span<byte> page, Pfn frame, Kind kind, int version)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(page);
        var seed = (((ulong)frame.Value << 20) ^ (ulong)version) * 0x9E3779B97F4A7C15UL;
        if (kind == Kind.Word)
        {
            words.Fill(seed);
            return;
        }

        // Pages of one in eight to three in four random words get smaller by as much; plain ones need not.
        var every = 2 + (int)(seed >> 61);
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = i % every == 0 ? (seed + (ulong)i) * 0xD1B54A32D192ED03UL : seed;
        }
    }

    /// <summary>A device that only says what it takes.</summary>
    private sealed class Taker(Func<PageEncoding, bool> accepts) : IPeerMemoryOps
    {
        public PageEncoding Encoding => PageEncoding.Plain;

        public bool Accepts(PageEncoding encoding) => accepts(encoding);

        public void Export(PeerBatch batch) => throw new NotSupportedException();

        public void Import(PeerBatch batch) => throw new NotSupportedException();

        public void Fault(CopyBatch batch) => throw new NotSupportedException();

        public void Evict(CopyBatch batch) => throw new NotSupportedException();

        public void Free(Pfn first, int frameCount)
        {
        }
    }
}
