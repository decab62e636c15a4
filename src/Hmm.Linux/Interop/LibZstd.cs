// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Linux.Interop;

// Zstandard's simple interface. Source: lib/zstd.h of Zstandard 1.5. Sizes are size_t; a result that ZSTD_isError calls
// an error is a negative error number, so it is larger than any size. Contexts serve one call at a time.
internal static partial class LibZstd
{
    internal const string Library = "libzstd.so.1";

    [LibraryImport(Library)]
    internal static partial nint ZSTD_createCCtx();

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_freeCCtx(nint cctx);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_compressCCtx(
        nint cctx, nint dst, nuint dstCapacity, nint src, nuint srcSize, int compressionLevel);

    [LibraryImport(Library)]
    internal static partial nint ZSTD_createDCtx();

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_freeDCtx(nint dctx);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_decompressDCtx(
        nint dctx, nint dst, nuint dstCapacity, nint src, nuint srcSize);
}
