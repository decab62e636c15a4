// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Hmm.Linux;

namespace Hmm.Benchmarks.Codecs;

/// <summary>
/// A page of 4 KiB of which every second word is random, by each codec of the compressed device.
/// </summary>
[MemoryDiagnoser]
public unsafe class CodecBenchmarks
{
    private const int PageBytes = 4096;
    private byte* _page;
    private byte* _compressed;
    private Codec _codec = null!;
    private int _compressedBytes;

    /// <summary>The codec.</summary>
    [Params("lz4", "zstd")]
    public string Name { get; set; } = "";

    [GlobalSetup]
    public void SetUp()
    {
        _codec = Name == "lz4" ? Lz4Codec.Open() : ZstdCodec.Open();

        // Safe because both are used for PageBytes only, until CleanUp.
        _page = (byte*)NativeMemory.Alloc(PageBytes);
        _compressed = (byte*)NativeMemory.Alloc(PageBytes);
        var words = new Span<ulong>(_page, PageBytes / sizeof(ulong));
        var random = new Random(1);
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = (i & 1) == 0 ? 7UL : (ulong)random.NextInt64();
        }

        _compressedBytes = _codec.Compress((nint)_page, PageBytes, (nint)_compressed, PageBytes);
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        _codec.Dispose();
        NativeMemory.Free(_page);
        NativeMemory.Free(_compressed);
    }

    [Benchmark]
    public int Compress() => _codec.Compress((nint)_page, PageBytes, (nint)_compressed, PageBytes);

    [Benchmark]
    public int Decompress() => _codec.Decompress((nint)_compressed, _compressedBytes, (nint)_page, PageBytes);
}
