// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Virtual;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>
/// The real memory behind the seam: one range of a client, reached through its userfaultfd (to map, protect, wake and
/// poison) and its memfd (to read and punch). The memfd is never written by the host: a page that appeared in it
/// without an install would be mapped silently, and its writes would go unseen.
/// </summary>
/// <remarks>
/// Threads: any. Owns the memfd; the userfaultfd belongs to the session. Allocates nothing after
/// construction.
/// </remarks>
internal sealed class ClientMemory : IUserMemory, IDisposable
{
    private const int SystemPageShift = 12;
    private const ulong SystemPageBytes = 1UL << SystemPageShift;

    private readonly UserfaultFd _faults; // immutable
    private readonly MemoryFile _file; // immutable
    private readonly nint _address; // immutable
    private readonly int _pageShift; // immutable

    /// <summary>Takes a range's descriptors.</summary>
    /// <param name="faults">The session's userfaultfd.</param>
    /// <param name="file">The memfd that the client mapped at <paramref name="address"/>; owned from here on.</param>
    /// <param name="address">The range's first address in the client.</param>
    /// <param name="pageShift">log2 of the range's page size.</param>
    public ClientMemory(UserfaultFd faults, MemoryFile file, ulong address, int pageShift)
    {
        _faults = faults;
        _file = file;
        _address = (nint)address;
        _pageShift = pageShift;
    }

    /// <summary>The DRAM that the range takes, as the kernel counts it.</summary>
    public ulong ResidentBytes => _file.ResidentBytes;

    /// <inheritdoc/>
    public int Install(long first, int count, nint source, bool writeProtected, out Errno error)
    {
        var total = (ulong)count << _pageShift;
        var done = 0UL;
        while (true)
        {
            error = _faults.Copy(
                AddressOf(first) + (nint)done, source + (nint)done, total - done, writeProtected, out var copied);
            done += copied;
            if (error != Errno.EEXIST || _pageShift == SystemPageShift)
            {
                return (int)(done >> _pageShift);
            }

            // A larger page that is there in part, as only a host that died in mid-install leaves it: what is there is
            // at least as new as what we bring. Nobody was woken for it.
            _faults.Wake(AddressOf(first) + (nint)done, SystemPageBytes);
            done += SystemPageBytes;
            if (done == total)
            {
                error = Errno.None;
                return count;
            }
        }
    }

    /// <inheritdoc/>
    public Errno Protect(long first, int count, bool writeProtected) =>
        _faults.WriteProtect(AddressOf(first), (ulong)count << _pageShift, writeProtected);

    /// <inheritdoc/>
    public Errno Read(long first, int count, nint destination) =>
        _file.Read((ulong)first << _pageShift, destination, (ulong)count << _pageShift);

    /// <inheritdoc/>
    public Errno Discard(long first, int count) =>
        _file.PunchHole((ulong)first << _pageShift, (ulong)count << _pageShift);

    /// <inheritdoc/>
    public void Wake(long first, int count) => _faults.Wake(AddressOf(first), (ulong)count << _pageShift);

    /// <inheritdoc/>
    public Errno Poison(long first, int count)
    {
        var error = _faults.Poison(AddressOf(first), (ulong)count << _pageShift, wake: false);
        if (error != Errno.EEXIST)
        {
            return error;
        }

        // A page that was protected when it was punched out left a marker of that, which the kernel does not poison
        // over. Lifting the protection drops the marker; the waiters that this wakes fault again.
        _faults.WriteProtect(AddressOf(first), (ulong)count << _pageShift, on: false);
        return _faults.Poison(AddressOf(first), (ulong)count << _pageShift, wake: false);
    }

    /// <inheritdoc/>
    public Errno Probe(long first, Span<bool> present)
    {
        present.Clear();
        var end = (ulong)(first + present.Length) << _pageShift;
        var offset = (ulong)first << _pageShift;
        while (offset < end && _file.TryNextData(offset, out var start, out var stop))
        {
            var last = Math.Min((stop - 1) >> _pageShift, (ulong)first + (ulong)present.Length - 1);
            for (var page = start >> _pageShift; page <= last; page++)
            {
                present[(int)(page - (ulong)first)] = true;
            }

            offset = stop;
        }

        return Errno.None;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private nint AddressOf(long page) => _address + (nint)(page << _pageShift);
}
