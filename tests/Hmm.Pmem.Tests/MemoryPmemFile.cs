// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Pmem.Tests;

// A file in memory that writes down what is done to it, and fails when it is told to.
internal sealed class MemoryPmemFile(byte[] bytes) : IPmemFile
{
    public MemoryPmemFile(ulong lengthBytes)
        : this(new byte[lengthBytes])
    {
    }

    public byte[] Bytes { get; } = bytes;

    // What was written, in order; a sync is an entry without bytes.
    public List<(ulong Offset, byte[]? Data)> Log { get; } = [];

    // How many writes still succeed.
    public long WritesLeft { get; set; } = long.MaxValue;

    // How many syncs still succeed.
    public long SyncsLeft { get; set; } = long.MaxValue;

    public Errno WriteError { get; set; } = Errno.ENOSPC;

    public string Name => "memory";

    public ulong LengthBytes => (ulong)Bytes.Length;

    public Errno Read(ulong offset, Span<byte> buffer)
    {
        if (offset + (ulong)buffer.Length > LengthBytes)
        {
            return Errno.EIO;
        }

        Bytes.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
        return Errno.None;
    }

    public Errno Write(ulong offset, ReadOnlySpan<byte> buffer)
    {
        if (WritesLeft-- <= 0)
        {
            return WriteError;
        }

        Log.Add((offset, buffer.ToArray()));
        buffer.CopyTo(Bytes.AsSpan((int)offset));
        return Errno.None;
    }

    public Errno Sync()
    {
        if (SyncsLeft-- <= 0)
        {
            return Errno.EIO;
        }

        Log.Add((0, null));
        return Errno.None;
    }

    public void Dispose()
    {
    }
}
