// SPDX-License-Identifier: MIT
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <content>
/// The workers. Each piece of a transfer goes direct when offset, address and length allow it
/// (multiples of 4096), and through the page cache otherwise: so the tail of a file whose length is
/// no such multiple is written with its exact length and the file never grows. The kernel keeps the
/// two ways coherent: a direct transfer first writes back, or drops, what the page cache holds of
/// its span.
/// </content>
public sealed partial class FileIo
{
    // What every device and file system accepts for O_DIRECT; also the page size of a range.
    internal const uint AlignmentBytes = 4096;

    private void Work()
    {
        while (TryTake(out var request))
        {
            var error = Transfer(in request, out var done);
            request.Target.Completed(request.Tag, error, done);
        }
    }

    private bool TryTake(out FileIoRequest request)
    {
        lock (_gate)
        {
            while (_count == 0)
            {
                if (_closing)
                {
                    request = default;
                    return false;
                }

                Monitor.Wait(_gate);
            }

            request = _ring[_head];
            _ring[_head] = default; // or the ring would keep the target alive
            _head = (_head + 1) % QueueLengthMax;
            _count--;
            return true;
        }
    }

    private Errno Transfer(in FileIoRequest request, out int done)
    {
        done = 0;
        var length = request.LengthBytes;
        var error = request.Write ? WritableLength(in request, out length) : Errno.None;
        if (error != Errno.None)
        {
            return error;
        }

        var direct = _direct;
        while (done < length)
        {
            var offset = request.Offset + (ulong)done;
            var buffer = request.Buffer + done;
            var left = length - done;
            var aligned = left >= AlignmentBytes && ((offset | (ulong)buffer) % AlignmentBytes) == 0;
            var pieceDirect = direct is not null && aligned;
            var piece = pieceDirect ? left & ~(int)(AlignmentBytes - 1) : left;
            var file = pieceDirect ? direct! : _buffered;
            var bytes = request.Write
                ? LibC.pwrite(file, buffer, (nuint)piece, (long)offset)
                : LibC.pread(file, buffer, (nuint)piece, (long)offset);
            error = LinuxError.Last();
            if (bytes > 0)
            {
                // Short: a signal, or the end of the file, which the next turn finds out, through
                // the page cache where the end is not aligned.
                done += (int)bytes;
            }
            else if (bytes == 0)
            {
                return request.Write ? Errno.EIO : Errno.None; // a read at the end of the file
            }
            else if (error == Errno.EINVAL && pieceDirect)
            {
                direct = null; // this spot wants another alignment than the one that was probed
            }
            else if (!LinuxError.IsInterrupted(error))
            {
                // A regular file has nothing to wait for; a file system that says EAGAIN all the
                // same has failed.
                return error == Errno.EAGAIN ? Errno.EIO : error;
            }
        }

        return Errno.None;
    }

    // Up to the end of the file: what lies behind it has nowhere to go, as with a mapping. A file
    // that others can reach may have been truncated meanwhile, and a write must not bring it back.
    internal Errno WritableLength(in FileIoRequest request, out int length)
    {
        var end = LengthBytes;
        var error = Errno.None;
        if (_lengthMayShrink)
        {
            error = FileStatus.TryOf(_buffered, out var status);
            end = Math.Min(end, status.SizeBytes);
        }

        length = request.Offset >= end ? 0 : (int)Math.Min((ulong)request.LengthBytes, end - request.Offset);
        return error;
    }
}
