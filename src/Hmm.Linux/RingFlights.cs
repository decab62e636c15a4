// SPDX-License-Identifier: MIT
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

// The transfers that one ring has under way, of any files: begun, continued where the kernel did a part, completed.
//
// Threads: one, the ring's.
// Invariant: in flight + free slots = DepthMax.
internal sealed class RingFlights
{
    // Disks take 32 to 1024 requests at once; 256 keep any of them busy.
    internal const int DepthMax = 256;

    private readonly IoUring _ring; // owner thread
    private readonly Flight[] _flights = new Flight[DepthMax]; // owner thread
    private readonly int[] _freeSlots = new int[DepthMax]; // owner thread
    private int _freeCount = DepthMax; // owner thread
    private FileIoBuffers[] _buffers = []; // owner thread

    internal RingFlights(IoUring ring)
    {
        _ring = ring;
        for (var i = 0; i < DepthMax; i++)
        {
            _freeSlots[i] = i;
        }
    }

    internal int FreeCount => _freeCount;

    internal bool IsIdle => _freeCount == DepthMax;

    // Takes a slot and submits the transfer; there must be one. What needs no transfer is completed at once.
    internal void Begin(FileIo file, in FileIoRequest request)
    {
        file.BeginFlight();
        var slot = _freeSlots[--_freeCount];
        ref var flight = ref _flights[slot];
        flight = new Flight { File = file, Request = request, LengthBytes = request.LengthBytes };
        var error = request.Write ? file.WritableLength(in flight.Request, out flight.LengthBytes) : Errno.None;
        if (error != Errno.None || flight.LengthBytes == 0)
        {
            End(slot, error);
            return;
        }

        Continue(slot);
    }

    // What the kernel says of a transfer: the end of it, or of a part.
    internal void Completed(int slot, int result)
    {
        ref var flight = ref _flights[slot];
        var error = result < 0 ? (Errno)(-result) : Errno.None;
        if (result > 0)
        {
            flight.DoneBytes += result;
            if (flight.DoneBytes < flight.LengthBytes)
            {
                Continue(slot); // short: the end of the file, or of what the device does at once
                return;
            }
        }
        else if (result == 0)
        {
            error = flight.Request.Write ? Errno.EIO : Errno.None; // a read at the end of the file
        }
        else if (LinuxError.IsInterrupted(error) || (error == Errno.EINVAL && flight.IsDirect))
        {
            flight.DirectRefused |= error == Errno.EINVAL; // this spot wants another alignment than was probed
            Continue(slot);
            return;
        }

        End(slot, error == Errno.EAGAIN ? Errno.EIO : error);
    }

    internal Errno Register(FileIoBuffers[] buffers)
    {
        var vectors = new List<iovec>();
        foreach (var piece in buffers)
        {
            for (var i = 0; i < piece.Count; i++)
            {
                vectors.Add(new iovec
                {
                    iov_base = piece.Address + ((nint)i * piece.StrideBytes),
                    iov_len = (nuint)piece.LengthBytes,
                });
            }
        }

        var error = _ring.RegisterBuffers([.. vectors]);
        _buffers = error == Errno.None ? buffers : [];
        return error;
    }

    // Submits what is left of a transfer: direct where its place and buffer are aligned, else through the page cache.
    private void Continue(int slot)
    {
        ref var flight = ref _flights[slot];
        var offset = flight.Request.Offset + (ulong)flight.DoneBytes;
        var buffer = flight.Request.Buffer + flight.DoneBytes;
        var left = flight.LengthBytes - flight.DoneBytes;
        flight.IsDirect = !flight.DirectRefused && left >= FileIo.AlignmentBytes
            && ((offset | (ulong)buffer) % FileIo.AlignmentBytes) == 0;
        var piece = flight.IsDirect ? left & ~(int)(FileIo.AlignmentBytes - 1) : left;
        ref var entry = ref _ring.Next();
        var write = flight.Request.Write;
        if (TryFindBuffer(buffer, piece, out var index))
        {
            entry.opcode = write ? LibC.IORING_OP_WRITE_FIXED : LibC.IORING_OP_READ_FIXED;
            entry.buf_index = index;
        }
        else
        {
            entry.opcode = write ? LibC.IORING_OP_WRITE : LibC.IORING_OP_READ;
        }

        entry.fd = flight.File.NumberOf(flight.IsDirect);
        entry.off = offset;
        entry.addr = (ulong)buffer;
        entry.len = (uint)piece;
        entry.user_data = (ulong)slot;
    }

    private void End(int slot, Errno error)
    {
        var flight = _flights[slot];
        _flights[slot] = default; // or it would keep the target alive
        _freeSlots[_freeCount++] = slot;
        flight.Request.Target.Completed(flight.Request.Tag, error, flight.DoneBytes);
        flight.File.EndFlight();
    }

    private bool TryFindBuffer(nint address, int lengthBytes, out ushort index)
    {
        var before = 0;
        foreach (ref readonly var piece in _buffers.AsSpan())
        {
            var from = address - piece.Address;
            if (from >= 0 && from < (nint)piece.StrideBytes * piece.Count)
            {
                var number = (int)(from / piece.StrideBytes);
                index = (ushort)(before + number);
                return from - ((nint)number * piece.StrideBytes) + lengthBytes <= piece.LengthBytes;
            }

            before += piece.Count;
        }

        index = 0;
        return false;
    }

    private struct Flight
    {
        public FileIo File;
        public FileIoRequest Request;
        public int LengthBytes;
        public int DoneBytes;
        public bool IsDirect;
        public bool DirectRefused;
    }
}
