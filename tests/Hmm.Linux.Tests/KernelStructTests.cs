// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;

namespace Hmm.Linux.Tests;

/// <summary>
/// Sizes, offsets and numbers against the kernel's headers. The numbers on the right were printed
/// by a C program with sizeof and offsetof on x64; all but epoll_event are the same on arm64.
/// </summary>
public sealed unsafe class KernelStructTests
{
    [Fact]
    public void RuntimeMarshallingIsOff()
        => Assert.True(typeof(UserfaultFd).Assembly.IsDefined(typeof(DisableRuntimeMarshallingAttribute), false));

    [Fact]
    public void StructuresHaveTheKernelsSizes()
    {
        Assert.Equal(24, sizeof(uffdio_api));
        Assert.Equal(16, sizeof(uffdio_range));
        Assert.Equal(32, sizeof(uffdio_register));
        Assert.Equal(40, sizeof(uffdio_copy));
        Assert.Equal(24, sizeof(uffdio_writeprotect));
        Assert.Equal(32, sizeof(uffdio_poison));
        Assert.Equal(32, sizeof(UffdMessage));
        Assert.Equal(110, sizeof(sockaddr_un));
        Assert.Equal(56, sizeof(msghdr));
        Assert.Equal(16, sizeof(iovec));
        Assert.Equal(16, sizeof(cmsghdr));
        Assert.Equal(12, sizeof(ucred));
        Assert.Equal(8, sizeof(pollfd));
        Assert.Equal(256, sizeof(statx_buffer));
        Assert.Equal(16, sizeof(statx_timestamp));
        Assert.Equal(112, sizeof(statvfs_buffer));
        Assert.Equal(16, sizeof(rlimit));
        Assert.Equal(16, sizeof(timeval));
        Assert.Equal(272, sizeof(rusage));
        Assert.Equal(40, sizeof(io_sqring_offsets));
        Assert.Equal(40, sizeof(io_cqring_offsets));
        Assert.Equal(120, sizeof(io_uring_params));
        Assert.Equal(64, sizeof(io_uring_sqe));
        Assert.Equal(16, sizeof(io_uring_cqe));
        Assert.Equal(8, sizeof(io_uring_probe_op));
        Assert.Equal(16 + (8 * 256), sizeof(io_uring_probe));
    }

    [Fact]
    public void RingFieldsAreWhereTheKernelHasThem()
    {
        io_uring_params parameters;
        Assert.Equal(8, Offset(&parameters, &parameters.flags));
        Assert.Equal(12, Offset(&parameters, &parameters.sq_thread_cpu));
        Assert.Equal(16, Offset(&parameters, &parameters.sq_thread_idle));
        Assert.Equal(20, Offset(&parameters, &parameters.features));
        Assert.Equal(40, Offset(&parameters, &parameters.sq_off));
        Assert.Equal(56, Offset(&parameters, &parameters.sq_off.flags));
        Assert.Equal(64, Offset(&parameters, &parameters.sq_off.array));
        Assert.Equal(80, Offset(&parameters, &parameters.cq_off));
        Assert.Equal(100, Offset(&parameters, &parameters.cq_off.cqes));
        io_uring_sqe submission;
        Assert.Equal(4, Offset(&submission, &submission.fd));
        Assert.Equal(8, Offset(&submission, &submission.off));
        Assert.Equal(16, Offset(&submission, &submission.addr));
        Assert.Equal(24, Offset(&submission, &submission.len));
        Assert.Equal(28, Offset(&submission, &submission.rw_flags));
        Assert.Equal(32, Offset(&submission, &submission.user_data));
        Assert.Equal(40, Offset(&submission, &submission.buf_index));
        io_uring_cqe completion;
        Assert.Equal(8, Offset(&completion, &completion.res));
        io_uring_probe probe;
        Assert.Equal(16, Offset(&probe, &probe.ops));
    }

    [Fact]
    public void UserfaultFieldsAreWhereTheKernelHasThem()
    {
        uffdio_api api;
        Assert.Equal(8, Offset(&api, &api.features));
        Assert.Equal(16, Offset(&api, &api.ioctls));
        uffdio_range range;
        Assert.Equal(8, Offset(&range, &range.len));
        uffdio_register register;
        Assert.Equal(16, Offset(&register, &register.mode));
        Assert.Equal(24, Offset(&register, &register.ioctls));
        uffdio_copy copy;
        Assert.Equal(8, Offset(&copy, &copy.src));
        Assert.Equal(16, Offset(&copy, &copy.len));
        Assert.Equal(24, Offset(&copy, &copy.mode));
        Assert.Equal(32, Offset(&copy, &copy.copy));
        uffdio_writeprotect protect;
        Assert.Equal(16, Offset(&protect, &protect.mode));
        uffdio_poison poison;
        Assert.Equal(16, Offset(&poison, &poison.mode));
        Assert.Equal(24, Offset(&poison, &poison.updated));
    }

    [Fact]
    public void SocketFieldsAreWhereTheKernelHasThem()
    {
        sockaddr_un address;
        Assert.Equal(2, Offset(&address, address.sun_path));
        msghdr message;
        Assert.Equal(8, Offset(&message, &message.msg_namelen));
        Assert.Equal(16, Offset(&message, &message.msg_iov));
        Assert.Equal(24, Offset(&message, &message.msg_iovlen));
        Assert.Equal(32, Offset(&message, &message.msg_control));
        Assert.Equal(40, Offset(&message, &message.msg_controllen));
        Assert.Equal(48, Offset(&message, &message.msg_flags));
        iovec vector;
        Assert.Equal(8, Offset(&vector, &vector.iov_len));
        cmsghdr control;
        Assert.Equal(8, Offset(&control, &control.cmsg_level));
        Assert.Equal(12, Offset(&control, &control.cmsg_type));
        ucred credentials;
        Assert.Equal(4, Offset(&credentials, &credentials.uid));
        Assert.Equal(8, Offset(&credentials, &credentials.gid));
        pollfd descriptor;
        Assert.Equal(4, Offset(&descriptor, &descriptor.events));
        Assert.Equal(6, Offset(&descriptor, &descriptor.revents));
    }

    [Fact]
    public void FileFieldsAreWhereTheKernelHasThem()
    {
        statx_buffer file;
        Assert.Equal(20, Offset(&file, &file.stx_uid));
        Assert.Equal(28, Offset(&file, &file.stx_mode));
        Assert.Equal(32, Offset(&file, &file.stx_ino));
        Assert.Equal(40, Offset(&file, &file.stx_size));
        Assert.Equal(48, Offset(&file, &file.stx_blocks));
        Assert.Equal(64, Offset(&file, &file.stx_atime));
        Assert.Equal(136, Offset(&file, &file.stx_dev_major));
        Assert.Equal(140, Offset(&file, &file.stx_dev_minor));
        statvfs_buffer system;
        Assert.Equal(8, Offset(&system, &system.f_frsize));
        Assert.Equal(32, Offset(&system, &system.f_bavail));
        rlimit limit;
        Assert.Equal(8, Offset(&limit, &limit.rlim_max));
        rusage usage;
        Assert.Equal(32, Offset(&usage, &usage.ru_maxrss));
        Assert.Equal(136, Offset(&usage, &usage.ru_nivcsw));
    }

    [Fact]
    public void IoctlNumbersCarryTheSizesOfTheirStructures()
    {
        Assert.Equal(LibC.UFFDIO_API, Number(3, sizeof(uffdio_api), 0x3F));
        Assert.Equal(LibC.UFFDIO_REGISTER, Number(3, sizeof(uffdio_register), 0x00));
        Assert.Equal(LibC.UFFDIO_UNREGISTER, Number(2, sizeof(uffdio_range), 0x01));
        Assert.Equal(LibC.UFFDIO_WAKE, Number(2, sizeof(uffdio_range), 0x02));
        Assert.Equal(LibC.UFFDIO_COPY, Number(3, sizeof(uffdio_copy), 0x03));
        Assert.Equal(LibC.UFFDIO_WRITEPROTECT, Number(3, sizeof(uffdio_writeprotect), 0x06));
        Assert.Equal(LibC.UFFDIO_POISON, Number(3, sizeof(uffdio_poison), 0x08));
        Assert.Equal(LibC.USERFAULTFD_IOC_NEW, Number(0, 0, 0x00));
    }

    [Fact]
    public void ArchitecturesDifferWhereTheyDo()
    {
        var arm64 = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        Assert.Equal(arm64 ? 282 : 323, LibC.SYS_userfaultfd);
        Assert.Equal(arm64 ? 0x10000 : 0x4000, LibC.O_DIRECT);
        Assert.Equal(arm64 ? 0x4000 : 0x10000, LibC.O_DIRECTORY);
        Assert.Equal(arm64 ? 0x8000 : 0x20000, LibC.O_NOFOLLOW);
        Assert.Equal(arm64 ? 0x404000 : 0x410000, LibC.O_TMPFILE);
        Assert.Equal(arm64 ? 16 : 12, LibC.EpollEventSizeBytes);
        Assert.Equal(arm64 ? 8 : 4, LibC.EpollEventDataOffset);
    }

    [Fact]
    public void MessageIsReadFieldByField()
    {
        var bytes = new byte[UffdMessage.SizeBytes];
        bytes[0] = 0x12;
        bytes[8] = 0b11; // write, write-protect
        BitConverter.TryWriteBytes(bytes.AsSpan(16), 0x7f00_1234_5000UL);
        BitConverter.TryWriteBytes(bytes.AsSpan(24), 4711u);
        var message = MemoryMarshal.Read<UffdMessage>(bytes);
        Assert.True(message.IsPageFault);
        Assert.True(message.IsWrite);
        Assert.True(message.IsWriteProtect);
        Assert.Equal(0x7f00_1234_5000UL, message.Address);
        Assert.Equal(4711u, message.ThreadId);
        Assert.False(message.CarriesDescriptor(out _));
    }

    [Fact]
    public void ForkMessageCarriesADescriptor()
    {
        var bytes = new byte[UffdMessage.SizeBytes];
        bytes[0] = 0x13;
        bytes[8] = 99;
        var message = MemoryMarshal.Read<UffdMessage>(bytes);
        Assert.False(message.IsPageFault);
        Assert.True(message.CarriesDescriptor(out var descriptor));
        Assert.Equal(99, descriptor);
    }

    private static ulong Number(ulong direction, int size, ulong number)
        => direction << 30 | (ulong)size << 16 | 0xAA << 8 | number;

    private static int Offset(void* structure, void* field) => (int)((byte*)field - (byte*)structure);
}
