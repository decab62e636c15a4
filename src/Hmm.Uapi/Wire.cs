// SPDX-License-Identifier: MIT
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Hmm.Uapi;

/// <summary>
/// Moves fixed-layout structs in and out of messages. The boundary is little-endian, so a struct's
/// bytes in memory are its bytes on the wire; both sides refuse to start on a big-endian machine
/// (<see cref="RequireLittleEndian"/>).
/// </summary>
public static class Wire
{
    /// <summary>Refuses machines whose structs in memory are not the bytes on the wire.</summary>
    /// <exception cref="PlatformNotSupportedException">The machine is big-endian.</exception>
    public static void RequireLittleEndian()
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException(
                "The boundary of Hmm.NET is little-endian; use an x64 or arm64 machine.");
        }
    }

    /// <summary>Reads a struct that the bytes must match exactly.</summary>
    /// <returns>False when there are fewer or more bytes than the struct has.</returns>
    public static bool TryReadExact<T>(ReadOnlySpan<byte> bytes, out T value)
        where T : unmanaged
    {
        if (bytes.Length != Unsafe.SizeOf<T>())
        {
            value = default;
            return false;
        }

        value = MemoryMarshal.Read<T>(bytes);
        return true;
    }

    /// <summary>Reads the struct that the bytes begin with.</summary>
    /// <returns>False when there are fewer bytes than the struct has.</returns>
    public static bool TryReadPrefix<T>(ReadOnlySpan<byte> bytes, out T value)
        where T : unmanaged => MemoryMarshal.TryRead(bytes, out value);

    /// <summary>Writes a struct to the beginning of <paramref name="bytes"/>.</summary>
    /// <returns>The number of bytes written.</returns>
    public static int Write<T>(Span<byte> bytes, in T value)
        where T : unmanaged
    {
        MemoryMarshal.Write(bytes, in value);
        return Unsafe.SizeOf<T>();
    }

    /// <summary>The bytes of a struct, for sending it as it stands.</summary>
    public static ReadOnlySpan<byte> BytesOf<T>(in T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));
}
