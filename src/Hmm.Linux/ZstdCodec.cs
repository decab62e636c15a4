// SPDX-License-Identifier: MIT
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// Zstandard by the system's libzstd: fewer bytes than LZ4, slower both ways. Levels as in
/// <c>zstd</c>.
/// </summary>
/// <remarks>Thread-safety: as <see cref="Codec"/>.</remarks>
public sealed class ZstdCodec : Codec
{
    /// <summary>The fastest level (<c>zstd --fast=7</c>).</summary>
    public const int LevelMin = -7;

    /// <summary>The level that makes the fewest bytes.</summary>
    public const int LevelMax = 19;

    private readonly int _level; // immutable

    private readonly CodecContexts _compressors =
        new(LibZstd.ZSTD_createCCtx, static context => LibZstd.ZSTD_freeCCtx(context));

    private readonly CodecContexts _decompressors =
        new(LibZstd.ZSTD_createDCtx, static context => LibZstd.ZSTD_freeDCtx(context));

    private ZstdCodec(int level)
    {
        _level = level;
    }

    /// <inheritdoc/>
    public override string Name => "zstd";

    /// <summary>Opens the codec.</summary>
    /// <param name="level"><see cref="LevelMin"/> to <see cref="LevelMax"/>, default 1.</param>
    /// <exception cref="HmmException">ENOENT: libzstd is missing. EINVAL: no such level.</exception>
    public static ZstdCodec Open(int level = 1)
    {
        CheckLevel("zstd", level, LevelMin, LevelMax);
        RequireLibrary(LibZstd.Library, "libzstd1");
        return new ZstdCodec(level);
    }

    /// <inheritdoc/>
    public override int Compress(nint source, int sourceBytes, nint destination, int capacityBytes)
    {
        var context = _compressors.Rent();
        var bytes = LibZstd.ZSTD_compressCCtx(
            context, destination, (nuint)capacityBytes, source, (nuint)sourceBytes, _level);
        _compressors.Return(context);

        // An error is larger than any size; of a valid context and level, too little room is the only one.
        return bytes > (nuint)capacityBytes ? 0 : (int)bytes;
    }

    /// <inheritdoc/>
    public override int Decompress(nint source, int sourceBytes, nint destination, int capacityBytes)
    {
        var context = _decompressors.Rent();
        var bytes = LibZstd.ZSTD_decompressDCtx(
            context, destination, (nuint)capacityBytes, source, (nuint)sourceBytes);
        _decompressors.Return(context);
        return bytes > (nuint)capacityBytes ? -1 : (int)bytes;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _compressors.Dispose();
        _decompressors.Dispose();
        base.Dispose(disposing);
    }
}
