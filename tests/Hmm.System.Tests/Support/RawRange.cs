// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.System.Tests.Support;

// A range made with messages alone, as a client in another language would.
internal sealed class RawRange : IDisposable
{
    private readonly MemoryFile _file;
    private readonly MappedMemory _memory;
    private readonly UserfaultFd _faults;

    internal RawRange(RawSession session, ulong bytes)
    {
        _file = MemoryFile.Create("raw", bytes);
        _memory = MappedMemory.Map(_file, bytes);
        _faults = UserfaultFd.Open();
        _faults.Register(_memory.Address, bytes);
        session.Hello();
        session.Send(Operation.AdoptUserfaultfd, new AdoptUserfaultfdRequest(), (int)_faults.DangerousGetHandle());
        Assert.Equal(Errno.None, session.Receive(out _));
        session.Send(
            Operation.CreateRange,
            new CreateRangeRequest { BaseAddress =
                Address, LengthBytes = bytes, PageShift = 12, Name = FixedName.Create("raw") },
            Descriptor);
        Assert.Equal(Errno.None, session.Receive(out _));
    }

    // The first of its session.
    internal ulong Id { get; } = 1;

    internal ulong Address => (ulong)_memory.Address;

    internal int Descriptor => (int)_file.DangerousGetHandle();

    public void Dispose()
    {
        _memory.Dispose();
        _file.Dispose();
        _faults.Dispose();
    }
}
