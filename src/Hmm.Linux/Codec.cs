// SPDX-License-Identifier: MIT
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// A way to make bytes fewer and back, by a library of the system. What it writes says nothing about its own length:
/// keep that beside it.
/// </summary>
/// <remarks>
/// Thread-safety: <see cref="Compress"/> and <see cref="Decompress"/> may be called from several threads at once; they
/// allocate nothing once as many contexts exist as calls run at once. Dispose when no call runs.
/// </remarks>
public abstract class Codec : IDisposable
{
    private protected Codec()
    {
    }

    /// <summary>What people call it: "lz4" or "zstd".</summary>
    public abstract string Name { get; }

    /// <summary>Compresses a span.</summary>
    /// <param name="source">Its first byte.</param>
    /// <param name="sourceBytes">Its length; at least 1.</param>
    /// <param name="destination">Where to; the two do not overlap.</param>
    /// <param name="capacityBytes">The room there.</param>
    /// <returns>
    /// The compressed length, or 0 when it is more than the room; the room's bytes are then
    /// undefined.
    /// </returns>
    public abstract int Compress(nint source, int sourceBytes, nint destination, int capacityBytes);

    /// <summary>Brings a span back. Never reads or writes outside of the two, whatever the bytes are.</summary>
    /// <param name="source">The first compressed byte.</param>
    /// <param name="sourceBytes">The compressed length, exactly.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="capacityBytes">The room there.</param>
    /// <returns>
    /// The length it had, or -1: these bytes were not made by this codec, or there is too little room.
    /// </returns>
    public abstract int Decompress(nint source, int sourceBytes, nint destination, int capacityBytes);

    /// <summary>Frees the contexts.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the contexts.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Checks that a library is there before the first call needs it.</summary>
    internal static void RequireLibrary(string library, string package)
    {
        Platform.Require();
        if (!NativeLibrary.TryLoad(library, typeof(Codec).Assembly, searchPath: null, out _))
        {
            ThrowMissing(library, package);
        }
    }

    private protected static void CheckLevel(string codec, int level, int min, int max)
    {
        if (level < min || level > max)
        {
            throw new HmmException(
                Errno.EINVAL, $"{codec} has no level {level}: give {min} (fastest) to {max} (smallest); 1 is the "
                    + "default.");
        }
    }

    [DoesNotReturn]
    private static void ThrowMissing(string library, string package) => throw new HmmException(
        Errno.ENOENT, $"The library {library} is not on this machine; install it: apt-get install {package}.");
}
