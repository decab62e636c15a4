// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Linux.Interop;

// include/uapi/linux/io_uring.h, field for field; unions have the one member that is used.
[StructLayout(LayoutKind.Sequential)]
internal struct io_sqring_offsets
{
    internal uint head;
    internal uint tail;
    internal uint ring_mask;
    internal uint ring_entries;
    internal uint flags;
    internal uint dropped;
    internal uint array;
    internal uint resv1;
    internal ulong user_addr;
}

[StructLayout(LayoutKind.Sequential)]
internal struct io_cqring_offsets
{
    internal uint head;
    internal uint tail;
    internal uint ring_mask;
    internal uint ring_entries;
    internal uint overflow;
    internal uint cqes;
    internal uint flags;
    internal uint resv1;
    internal ulong user_addr;
}

[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_params
{
    internal uint sq_entries;
    internal uint cq_entries;
    internal uint flags;
    internal uint sq_thread_cpu;
    internal uint sq_thread_idle;
    internal uint features;
    internal uint wq_fd;
    internal uint resv0;
    internal uint resv1;
    internal uint resv2;
    internal io_sqring_offsets sq_off;
    internal io_cqring_offsets cq_off;
}

[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_sqe
{
    internal byte opcode;
    internal byte flags;
    internal ushort ioprio;
    internal int fd;
    internal ulong off;
    internal ulong addr;
    internal uint len;
    internal uint rw_flags;
    internal ulong user_data;
    internal ushort buf_index;
    internal ushort personality;
    internal int splice_fd_in;
    internal ulong addr3;
    internal ulong pad2;
}

[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_cqe
{
    internal ulong user_data;
    internal int res;
    internal uint flags;
}

[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_probe_op
{
    internal byte op;
    internal byte resv;
    internal ushort flags;
    internal uint resv2;
}

// With room for every operation there can be: the number is a byte.
[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_probe
{
    internal const int OperationsMax = 256;

    internal byte last_op;
    internal byte ops_len;
    internal ushort resv;
    internal uint resv20;
    internal uint resv21;
    internal uint resv22;
    internal io_uring_probe_ops ops;
}

[System.Runtime.CompilerServices.InlineArray(io_uring_probe.OperationsMax)]
internal struct io_uring_probe_ops
{
    private io_uring_probe_op _first;
}
