// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using Hmm.Core;
using Hmm.Uapi;

namespace Hmm.Host.Sessions;

/// <summary>
/// The open ranges of one session, by number and by address. Numbers start at 1 and are never used
/// again, so a stale one finds nothing; they mean nothing in another session.
/// </summary>
/// <remarks>
/// Threads: any. Invariants: ranges do not overlap; <c>_byAddress</c> is sorted and holds exactly
/// the ranges of <c>_byId</c>; a range is removed only when it is closing and has nothing in
/// flight.
/// </remarks>
internal sealed class SessionRanges
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, SessionRange> _byId = []; // Guarded by: _gate
    private readonly List<SessionRange> _byAddress = []; // Guarded by: _gate
    private ulong _lastId; // Guarded by: _gate

    /// <summary>Takes a number and the addresses for a new range.</summary>
    /// <exception cref="HmmException">
    /// EMFILE: too many ranges. EEXIST: another range is there.
    /// </exception>
    public SessionRange Add(ulong baseAddress, ulong lengthBytes, int pageShift)
    {
        lock (_gate)
        {
            if (_byId.Count >= Limits.RangesPerSessionMax)
            {
                throw new HmmException(
                    Errno.EMFILE,
                    $"A session has at most {Limits.RangesPerSessionMax} ranges; close one, or use larger ones.");
            }

            var at = IndexAfterLocked(baseAddress);
            var end = baseAddress + lengthBytes;
            if (at > 0 && _byAddress[at - 1].EndAddress > baseAddress)
            {
                ThrowOverlap(_byAddress[at - 1], baseAddress, end);
            }

            if (at < _byAddress.Count && _byAddress[at].BaseAddress < end)
            {
                ThrowOverlap(_byAddress[at], baseAddress, end);
            }

            var range = new SessionRange(++_lastId, baseAddress, lengthBytes, pageShift);
            _byId.Add(range.Id, range);
            _byAddress.Insert(at, range);
            return range;
        }
    }

    /// <summary>Finds a range that is open and not closing.</summary>
    public bool TryFind(ulong id, [NotNullWhen(true)] out SessionRange? range)
    {
        lock (_gate)
        {
            return _byId.TryGetValue(id, out range) && !range.Closing;
        }
    }

    /// <summary>Finds the open range that holds an address.</summary>
    public bool TryFindAddress(ulong address, [NotNullWhen(true)] out SessionRange? range)
    {
        lock (_gate)
        {
            var at = IndexAfterLocked(address);
            range = at == 0 ? null : _byAddress[at - 1];
            return range is not null && address < range.EndAddress && !range.Closing;
        }
    }

    /// <summary>Accepts a long operation for a range: it stays until <see cref="End"/>.</summary>
    public void Begin(SessionRange range)
    {
        lock (_gate)
        {
            Corruption.Require(!range.Closing, "nothing is accepted for a range that is closing");
            range.InFlight++;
        }
    }

    /// <summary>A long operation is done.</summary>
    /// <returns>Whether the range waited for it to close: the caller must close it now.</returns>
    public bool End(SessionRange range)
    {
        lock (_gate)
        {
            Corruption.Require(range.InFlight > 0, "an operation of a range ends once");
            return --range.InFlight == 0 && range.Closing;
        }
    }

    /// <summary>Accepts a request to close a range.</summary>
    /// <returns>
    /// Whether nothing is in flight: the caller must close it now, else <see cref="End"/> says so.
    /// </returns>
    public bool BeginClose(SessionRange range, ulong tag)
    {
        lock (_gate)
        {
            Corruption.Require(!range.Closing, "a range is closed once");
            range.Closing = true;
            range.CloseTag = tag;
            return range.InFlight == 0;
        }
    }

    /// <summary>Forgets a range: its addresses may be used again, its number may not.</summary>
    public void Remove(SessionRange range)
    {
        lock (_gate)
        {
            Corruption.Require(range.InFlight == 0, "a range that goes has nothing in flight");
            Corruption.Require(_byId.Remove(range.Id), "a range goes once");
            var at = IndexAfterLocked(range.BaseAddress) - 1;
            Corruption.Require(at >= 0 && _byAddress[at] == range, "both indexes hold the same ranges");
            _byAddress.RemoveAt(at);
        }
    }

    /// <summary>The index of the first range that starts after an address.</summary>
    private int IndexAfterLocked(ulong address)
    {
        var low = 0;
        var high = _byAddress.Count;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            if (_byAddress[middle].BaseAddress <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    [DoesNotReturn]
    private static void ThrowOverlap(SessionRange range, ulong start, ulong end) => throw new HmmException(
        Errno.EEXIST,
        $"The addresses 0x{start:x} to 0x{end:x} overlap range {range.Id} (0x{range.BaseAddress:x} to "
        + $"0x{range.EndAddress:x}); close it first, or map the new range elsewhere.");
}
