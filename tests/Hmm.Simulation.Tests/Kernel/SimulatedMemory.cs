// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Core.Virtual;
using Hmm.Simulation.Tests.Scheduling;
using Hmm.Uapi;

namespace Hmm.Simulation.Tests.Kernel;

/// <summary>
/// A model of one shared memfd that is registered with userfaultfd (missing and write-protect), as measured on Linux
/// 6.18: what each call does, where others can come in between, and what each refuses.
/// <code>
///   page     touch                                  Install    Discard
///   absent   message "missing", the thread sleeps   present    (the core never does it)
///   present  load: done; store: done, or, while     EEXIST,    absent
///            protected, message "write-protect"     no wake
///   poison   SIGBUS, no message                     present    stays poison
/// </code>
/// </summary>
/// <remarks>
/// Threads: any; each page's change is atomic (the kernel's gate), a call on several pages is not.
/// Beyond the model it checks what the core must never do: read or punch a page that is not present, install over one
/// that is (unless <see cref="AllowExisting"/>), or hold more DRAM than the budget.
/// </remarks>
internal sealed unsafe class SimulatedMemory : IUserMemory
{
    private const byte Present = 1;
    private const byte Protected = 2;
    private const byte Poisoned = 4;

    private readonly SimulatedKernel _kernel; // immutable
    private readonly byte* _bytes; // Guarded by: the kernel's gate
    private readonly byte[] _pages; // Guarded by: the kernel's gate
    private readonly int _pageShift; // immutable
    private readonly ulong _baseAddress; // immutable
    private AddressSpace? _space; // Guarded by: the kernel's gate; null while it is not registered

    public SimulatedMemory(
        SimulatedKernel kernel, NativePool pool, string name, ulong baseAddress, int pageCount, int pageShift)
    {
        _kernel = kernel;
        Name = name;
        PageCount = pageCount;
        _pageShift = pageShift;
        _baseAddress = baseAddress;
        _pages = new byte[pageCount];

        // Safe because every access is checked to lie within pageCount pages.
        _bytes = (byte*)pool.Rent((long)pageCount << pageShift);
    }

    public string Name { get; }

    public int PageCount { get; }

    public int PageSizeBytes => 1 << _pageShift;

    /// <summary>
    /// Whether the application is dead: calls on its address space fail with ESRCH, its memfd is
    /// still there.
    /// </summary>
    public bool IsDead { get; private set; } // Guarded by: the kernel's gate

    /// <summary>Pages from here on are unmapped by the application: calls on them fail with ENOENT.</summary>
    public long UnmappedFrom { get; set; } = long.MaxValue;

    /// <summary>Whether a page may be present before the core installs it, as after a takeover.</summary>
    public bool AllowExisting { get; init; }

    /// <summary>Makes calls fail: called with the operation and its first page.</summary>
    public Func<SeamCall, long, Errno> Inject { get; set; } = static (_, _) => Errno.None;

    private int FramesPerPage => 1 << (_pageShift - Pfn.Shift);

    /// <summary>Registers the memory: faults become messages of this address space.</summary>
    public void Register(AddressSpace space)
    {
        lock (_kernel.Gate)
        {
            _space = space;
        }
    }

    /// <summary>The range is closed: whoever sleeps is woken and finds it gone; its DRAM is given back.</summary>
    public void Close()
    {
        lock (_kernel.Gate)
        {
            _space = null;
            _kernel.CountResidentLocked(-(long)_pages.Count(static page => (page & Present) != 0) * FramesPerPage);
            Array.Clear(_pages);
            _kernel.WakeLocked(this, 0, PageCount);
        }
    }

    /// <summary>The application is killed: its threads are gone, its memfd stays.</summary>
    public void Kill()
    {
        lock (_kernel.Gate)
        {
            IsDead = true;
            _kernel.WakeLocked(this, 0, PageCount);
        }
    }

    /// <summary>Puts a page there behind the core's back, as a host that died after its install did.</summary>
    public void Place(long page, ReadOnlySpan<byte> content)
    {
        lock (_kernel.Gate)
        {
            content.CopyTo(Bytes(page, 1));
            _pages[page] = Present;
            _kernel.CountResidentLocked(FramesPerPage);
        }
    }

    /// <summary>A thread loads bytes of one page.</summary>
    public TouchOutcome TryLoad(SimulatedThread thread, long page, int offset, Span<byte> destination)
    {
        lock (_kernel.Gate)
        {
            var outcome = TouchLocked(thread, page, offset, write: false);
            if (outcome == TouchOutcome.Done)
            {
                Bytes(page, 1).Slice(offset, destination.Length).CopyTo(destination);
            }

            return outcome;
        }
    }

    /// <summary>A thread stores bytes to one page.</summary>
    public TouchOutcome TryStore(SimulatedThread thread, long page, int offset, ReadOnlySpan<byte> source)
    {
        lock (_kernel.Gate)
        {
            var outcome = TouchLocked(thread, page, offset, write: true);
            if (outcome == TouchOutcome.Done)
            {
                source.CopyTo(Bytes(page, 1)[offset..]);
            }

            return outcome;
        }
    }

    /// <summary>What the kernel holds of a page, for checks and dumps.</summary>
    public (bool IsPresent, bool IsProtected, bool IsPoisoned) Look(long page)
    {
        var flags = _pages[page];
        return ((flags & Present) != 0, (flags & Protected) != 0, (flags & Poisoned) != 0);
    }

    public int Install(long first, int count, nint source, bool writeProtected, out Errno error)
    {
        _kernel.Scheduler.Yield();
        error = Inject(SeamCall.Install, first);
        var done = 0;
        while (done < count && error == Errno.None)
        {
            lock (_kernel.Gate)
            {
                error = InstallLocked(first + done, source + ((nint)done << _pageShift), writeProtected);
            }

            if (error == Errno.None)
            {
                done++;
                _kernel.Scheduler.YieldInside();
            }
        }

        // Mapped first, woken after: in between, a thread that was woken by somebody else sees the page already.
        WakeCore(first, done);
        _kernel.Scheduler.Yield();
        return done;
    }

    public Errno Protect(long first, int count, bool writeProtected)
    {
        _kernel.Scheduler.Yield();
        var error = Inject(SeamCall.Protect, first);
        for (var page = first; page < first + count && error == Errno.None; page++)
        {
            lock (_kernel.Gate)
            {
                error = StateErrorLocked(page);
                if (error == Errno.None)
                {
                    _pages[page] = (byte)(writeProtected ? _pages[page] | Protected : _pages[page] & ~Protected);
                }
            }

            _kernel.Scheduler.YieldInside();
        }

        if (error == Errno.None && !writeProtected)
        {
            WakeCore(first, count);
            _kernel.Scheduler.Yield();
        }

        return error;
    }

    public Errno Read(long first, int count, nint destination)
    {
        _kernel.Scheduler.Yield();
        var error = Inject(SeamCall.Read, first);
        for (var page = first; page < first + count && error == Errno.None; page++)
        {
            lock (_kernel.Gate)
            {
                RequireLocked((_pages[page] & Present) != 0, "the core reads only pages that are present", page);

                // Safe because the caller's buffer holds count pages.
                Bytes(page, 1)
                    .CopyTo(new Span<byte>((void*)(destination + ((nint)(page - first) << _pageShift)), PageSizeBytes));
            }

            _kernel.Scheduler.YieldInside();
        }

        return error;
    }

    public Errno Discard(long first, int count)
    {
        _kernel.Scheduler.Yield();
        var error = Inject(SeamCall.Discard, first);
        for (var page = first; page < first + count && error == Errno.None; page++)
        {
            lock (_kernel.Gate)
            {
                // Punching a poisoned page changes nothing: the marker in the page table stays, and touches still fail.
                RequireLocked((_pages[page] & Present) != 0, "the core punches only pages that are present", page);
                _pages[page] = 0;
                Bytes(page, 1).Fill(0xBD);
                _kernel.CountResidentLocked(-FramesPerPage);
            }

            _kernel.Scheduler.YieldInside();
        }

        return error;
    }

    public void Wake(long first, int count)
    {
        _kernel.Scheduler.Yield();
        WakeCore(first, count);
        _kernel.Scheduler.Yield();
    }

    public Errno Poison(long first, int count)
    {
        _kernel.Scheduler.Yield();
        var error = Inject(SeamCall.Poison, first);
        lock (_kernel.Gate)
        {
            for (var page = first; page < first + count && error == Errno.None; page++)
            {
                error = StateErrorLocked(page);
                if (error == Errno.None)
                {
                    error = _pages[page] != 0 ? Errno.EEXIST : Errno.None;
                    _pages[page] = _pages[page] == 0 ? Poisoned : _pages[page];
                }
            }
        }

        _kernel.Scheduler.Yield();
        return error;
    }

    public Errno Probe(long first, Span<bool> present)
    {
        lock (_kernel.Gate)
        {
            for (var i = 0; i < present.Length; i++)
            {
                present[i] = (_pages[first + i] & Present) != 0;
            }
        }

        return Errno.None;
    }

    private Span<byte> Bytes(long page, int count)
    {
        if ((ulong)page > (ulong)(PageCount - count))
        {
            throw new ScheduleException($"page {page} is outside {Name}");
        }

        return new Span<byte>(_bytes + (page << _pageShift), count << _pageShift);
    }

    private TouchOutcome TouchLocked(SimulatedThread thread, long page, int offset, bool write)
    {
        RequireLocked(!thread.IsWaiting, "a sleeping thread touches nothing", page);
        (thread.Memory, thread.Page) = (this, page);
        if (_space is null || IsDead || page >= UnmappedFrom)
        {
            return TouchOutcome.Gone;
        }

        var flags = _pages[page];
        if ((flags & Poisoned) != 0)
        {
            return TouchOutcome.Fails;
        }

        var present = (flags & Present) != 0;
        if (present && (!write || (flags & Protected) == 0))
        {
            return TouchOutcome.Done;
        }

        var address = _baseAddress + ((ulong)page << _pageShift) + (ulong)offset;
        _kernel.SleepLocked(thread, new FaultMessage(_space, address, write, WriteProtect: present, thread));
        return TouchOutcome.Waits;
    }

    private Errno InstallLocked(long page, nint source, bool writeProtected)
    {
        var error = StateErrorLocked(page);
        if (error != Errno.None)
        {
            return error;
        }

        if ((_pages[page] & Present) != 0)
        {
            RequireLocked(AllowExisting, "the core installs only pages that are absent", page);
            return Errno.EEXIST;
        }

        // Safe because the caller's buffer holds the page.
        new ReadOnlySpan<byte>((void*)source, PageSizeBytes).CopyTo(Bytes(page, 1));
        _pages[page] = (byte)(Present | (writeProtected ? Protected : 0));
        _kernel.CountResidentLocked(FramesPerPage);
        return Errno.None;
    }

    private Errno StateErrorLocked(long page) =>
        IsDead ? Errno.ESRCH : _space is null || page >= UnmappedFrom ? Errno.ENOENT : Errno.None;

    private void WakeCore(long first, long count)
    {
        lock (_kernel.Gate)
        {
            _kernel.WakeLocked(this, first, count);
        }
    }

    private void RequireLocked(bool holds, string rule, long page)
    {
        if (!holds)
        {
            throw new ScheduleException($"{rule}: page {page} of {Name} is {Look(page)}");
        }
    }
}
