// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Pmem.Tests;

// A file that shares its bytes with others, but for the sectors that were written to it.
internal sealed class OverlaidPmemFile(byte[] below) : IPmemFile
{
    private const int SectorBytes = 512;
    private readonly Dictionary<ulong, byte[]> _sectors = [];

    public string Name => "memory";

    public ulong LengthBytes => (ulong)below.Length;

    public Errno Read(ulong offset, Span<byte> buffer)
    {
        for (var done = 0; done < buffer.Length; done += SectorBytes)
        {
            var at = offset + (ulong)done;
            var sector = _sectors.GetValueOrDefault(at);
            (sector ?? below.AsSpan((int)at, SectorBytes)).CopyTo(buffer[done..]);
        }

        return Errno.None;
    }

    public Errno Write(ulong offset, ReadOnlySpan<byte> buffer)
    {
        for (var done = 0; done < buffer.Length; done += SectorBytes)
        {
            _sectors[offset + (ulong)done] = buffer.Slice(done, SectorBytes).ToArray();
        }

        return Errno.None;
    }

    public Errno Sync() => Errno.None;

    public void Dispose()
    {
    }
}
