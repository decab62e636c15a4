// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Linux.Interop;

// The kernel's structures, field for field; KernelStructTests holds their sizes and offsets against
// the headers.

// include/uapi/linux/userfaultfd.h
[StructLayout(LayoutKind.Sequential)]
internal struct uffdio_api
{
    internal ulong api;
    internal ulong features;
    internal ulong ioctls;
}

[StructLayout(LayoutKind.Sequential)]
internal struct uffdio_range
{
    internal ulong start;
    internal ulong len;
}

[StructLayout(LayoutKind.Sequential)]
internal struct uffdio_register
{
    internal uffdio_range range;
    internal ulong mode;
    internal ulong ioctls;
}

[StructLayout(LayoutKind.Sequential)]
internal struct uffdio_copy
{
    internal ulong dst;
    internal ulong src;
    internal ulong len;
    internal ulong mode;
    internal long copy;
}

[StructLayout(LayoutKind.Sequential)]
internal struct uffdio_writeprotect
{
    internal uffdio_range range;
    internal ulong mode;
}

[StructLayout(LayoutKind.Sequential)]
internal struct uffdio_poison
{
    internal uffdio_range range;
    internal ulong mode;
    internal long updated;
}

// include/uapi/linux/un.h
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct sockaddr_un
{
    internal const int PathSizeBytes = 108; // UNIX_PATH_MAX, with the NUL

    internal ushort sun_family;
    internal fixed byte sun_path[PathSizeBytes];
}

// include/linux/socket.h: user_msghdr. musl narrows two lengths and pads; on a little-endian
// machine that is the same.
[StructLayout(LayoutKind.Sequential)]
internal struct msghdr
{
    internal nint msg_name;
    internal uint msg_namelen;
    internal nint msg_iov;
    internal nuint msg_iovlen;
    internal nint msg_control;
    internal nuint msg_controllen;
    internal int msg_flags;
}

// include/uapi/linux/uio.h
[StructLayout(LayoutKind.Sequential)]
internal struct iovec
{
    internal nint iov_base;
    internal nuint iov_len;
}

// include/linux/socket.h; the data follows, and the next header at the next multiple of 8.
[StructLayout(LayoutKind.Sequential)]
internal struct cmsghdr
{
    internal nuint cmsg_len;
    internal int cmsg_level;
    internal int cmsg_type;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ucred
{
    internal int pid;
    internal uint uid;
    internal uint gid;
}

// include/uapi/asm-generic/poll.h
[StructLayout(LayoutKind.Sequential)]
internal struct pollfd
{
    internal int fd;
    internal short events;
    internal short revents;
}

// include/uapi/linux/stat.h: struct statx, as far as this project reads it.
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal struct statx_buffer
{
    internal uint stx_mask;
    internal uint stx_blksize;
    internal ulong stx_attributes;
    internal uint stx_nlink;
    internal uint stx_uid;
    internal uint stx_gid;
    internal ushort stx_mode;
    internal ushort spare0;
    internal ulong stx_ino;
    internal ulong stx_size;
    internal ulong stx_blocks;
    internal ulong stx_attributes_mask;
    internal statx_timestamp stx_atime;
    internal statx_timestamp stx_btime;
    internal statx_timestamp stx_ctime;
    internal statx_timestamp stx_mtime;
    internal uint stx_rdev_major;
    internal uint stx_rdev_minor;
    internal uint stx_dev_major;
    internal uint stx_dev_minor;
}

[StructLayout(LayoutKind.Sequential)]
internal struct statx_timestamp
{
    internal long tv_sec;
    internal uint tv_nsec;
    internal int reserved;
}

// <sys/statvfs.h> of 64-bit glibc and musl: eleven longs, then six spare integers.
[StructLayout(LayoutKind.Sequential, Size = 112)]
internal struct statvfs_buffer
{
    internal ulong f_bsize;
    internal ulong f_frsize;
    internal ulong f_blocks;
    internal ulong f_bfree;
    internal ulong f_bavail;
    internal ulong f_files;
    internal ulong f_ffree;
    internal ulong f_favail;
    internal ulong f_fsid;
    internal ulong f_flag;
    internal ulong f_namemax;
}

// include/uapi/linux/resource.h
[StructLayout(LayoutKind.Sequential)]
internal struct rlimit
{
    internal ulong rlim_cur;
    internal ulong rlim_max;
}

// include/uapi/linux/time.h
[StructLayout(LayoutKind.Sequential)]
internal struct timeval
{
    internal long tv_sec;
    internal long tv_usec;
}

// include/uapi/linux/resource.h; musl's <sys/resource.h> has 16 spare longs behind it.
[StructLayout(LayoutKind.Sequential, Size = 272)]
internal struct rusage
{
    internal timeval ru_utime;
    internal timeval ru_stime;
    internal long ru_maxrss;
    internal long ru_ixrss;
    internal long ru_idrss;
    internal long ru_isrss;
    internal long ru_minflt;
    internal long ru_majflt;
    internal long ru_nswap;
    internal long ru_inblock;
    internal long ru_oublock;
    internal long ru_msgsnd;
    internal long ru_msgrcv;
    internal long ru_nsignals;
    internal long ru_nvcsw;
    internal long ru_nivcsw;
}
