// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core.Devices;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Block;

/// <summary>
/// Gets pages back that another device encoded, without it: by the systems' own libraries, which are opened when they
/// are first asked for.
/// </summary>
/// <remarks>Threads: any.</remarks>
internal sealed unsafe class PageDecoders : IDisposable
{
    private readonly Lazy<Codec?> _lz4 = new(static () => TryOpen(static () => Lz4Codec.Open()));
    private readonly Lazy<Codec?> _zstd = new(static () => TryOpen(static () => ZstdCodec.Open()));

    /// <summary>Whether pages that are encoded so can be decoded here.</summary>
    public bool Knows(PageEncoding encoding) => encoding == PageEncoding.Word || CodecOf(encoding) is not null;

    /// <summary>Decodes a page; false: these bytes are not what was encoded.</summary>
    /// <param name="said">How they stand.</param>
    /// <param name="bytes">The bytes; not in the page.</param>
    /// <param name="page">Where the page goes: 4096 bytes.</param>
    public bool TryDecode(in EncodedPage said, ReadOnlySpan<byte> bytes, nint page)
    {
        // Safe because the caller passes a whole frame of its buffer, and a codec keeps to the room it is given.
        if (said.Encoding == PageEncoding.Word)
        {
            if (bytes.Length != sizeof(ulong))
            {
                return false;
            }

            new Span<ulong>((void*)page, PagePack.SizeBytes / sizeof(ulong)).Fill(MemoryMarshal.Read<ulong>(bytes));
        }
        else
        {
            fixed (byte* source = bytes)
            {
                if (CodecOf(said.Encoding) is not { } codec
                    || codec.Decompress((nint)source, bytes.Length, page, PagePack.SizeBytes) != PagePack.SizeBytes)
                {
                    return false;
                }
            }
        }

        return Checksum.OfFrame(page) == said.Checksum;
    }

    public void Dispose()
    {
        if (_lz4.IsValueCreated)
        {
            _lz4.Value?.Dispose();
        }

        if (_zstd.IsValueCreated)
        {
            _zstd.Value?.Dispose();
        }
    }

    private Codec? CodecOf(PageEncoding encoding) => encoding == PageEncoding.Lz4 ? _lz4.Value
        : encoding == PageEncoding.Zstd ? _zstd.Value
        : null;

    private static Codec? TryOpen(Func<Codec> open)
    {
        try
        {
            return open();
        }
        catch (HmmException exception) when (exception.Errno == Errno.ENOENT)
        {
            // Without the library such pages are decoded where they come from.
            return null;
        }
    }
}
