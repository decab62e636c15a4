// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>LZ4 by the system's liblz4: the fastest way back. Levels as in the <c>lz4</c> program.</summary>
/// <remarks>Thread-safety: as <see cref="Codec"/>.</remarks>
public sealed unsafe class Lz4Codec : Codec
{
    /// <summary>The fastest level: acceleration 64, which finds few matches.</summary>
    public const int LevelMin = -64;

    /// <summary>The level that makes the fewest bytes.</summary>
    public const int LevelMax = 12;

    // Below it, lz4 --fast; from it on, the high-compression encoder, which needs 256 KiB to work in.
    private const int HighCompressionLevelMin = 3;

    private readonly int _level; // immutable
    private readonly CodecContexts? _contexts; // immutable

    private Lz4Codec(int level)
    {
        _level = level;
        if (level >= HighCompressionLevelMin)
        {
            var sizeBytes = (nuint)LibLz4.LZ4_sizeofStateHC();
            _contexts = new CodecContexts(
                () => (nint)NativeMemory.AlignedAlloc(sizeBytes, 16),
                static context => NativeMemory.AlignedFree((void*)context));
        }
    }

    /// <inheritdoc/>
    public override string Name => "lz4";

    /// <summary>Opens the codec.</summary>
    /// <param name="level">
    /// <see cref="LevelMin"/> to <see cref="LevelMax"/>, default 1: below 0 ever faster, from 3 on
    /// ever smaller at several times the cost. It makes no difference to the way back.
    /// </param>
    /// <exception cref="HmmException">ENOENT: liblz4 is missing. EINVAL: no such level.</exception>
    public static Lz4Codec Open(int level = 1)
    {
        CheckLevel("lz4", level, LevelMin, LevelMax);
        RequireLibrary(LibLz4.Library, "liblz4-1");
        return new Lz4Codec(level);
    }

    /// <inheritdoc/>
    public override int Compress(nint source, int sourceBytes, nint destination, int capacityBytes)
    {
        if (_contexts is null)
        {
            return LibLz4.LZ4_compress_fast(source, destination, sourceBytes, capacityBytes, Math.Max(1, -_level));
        }

        var context = _contexts.Rent();
        var bytes = LibLz4.LZ4_compress_HC_extStateHC(context, source, destination, sourceBytes, capacityBytes, _level);
        _contexts.Return(context);
        return bytes;
    }

    /// <inheritdoc/>
    public override int Decompress(nint source, int sourceBytes, nint destination, int capacityBytes)
    {
        var bytes = LibLz4.LZ4_decompress_safe(source, destination, sourceBytes, capacityBytes);
        return bytes < 0 ? -1 : bytes;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _contexts?.Dispose();
        base.Dispose(disposing);
    }
}
