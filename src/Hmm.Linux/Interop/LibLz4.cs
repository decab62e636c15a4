// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Linux.Interop;

// LZ4 block format. Source: lib/lz4.h and lib/lz4hc.h of LZ4 1.9. None of these calls allocates, and
// LZ4_decompress_safe never reads or writes outside of what it is given, whatever the bytes.
internal static partial class LibLz4
{
    internal const string Library = "liblz4.so.1";

    [LibraryImport(Library)]
    internal static partial int LZ4_compress_fast(nint src, nint dst, int srcSize, int dstCapacity, int acceleration);

    [LibraryImport(Library)]
    internal static partial int LZ4_sizeofStateHC();

    [LibraryImport(Library)]
    internal static partial int LZ4_compress_HC_extStateHC(
        nint state, nint src, nint dst, int srcSize, int dstCapacity, int compressionLevel);

    [LibraryImport(Library)]
    internal static partial int LZ4_decompress_safe(nint src, nint dst, int compressedSize, int dstCapacity);
}
