// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>
/// The hint rings of all sessions, emptied in turns by the prefetch thread: as much as it can bring at a time, and the
/// rest waits in the ring, whose owner drops what does not fit.
/// </summary>
/// <remarks>Threads: any, under a short lock; a ring is not used any more when <see cref="Remove"/> returns.</remarks>
internal sealed class HintRings
{
    private readonly Lock _gate = new();
    private readonly List<HintRing> _rings = []; // Guarded by: _gate
    private int _next; // Guarded by: _gate

    /// <summary>Serves a ring.</summary>
    public void Add(HintRing ring)
    {
        lock (_gate)
        {
            _rings.Add(ring);
        }
    }

    /// <summary>Serves it no more, and unmaps it.</summary>
    public void Remove(HintRing ring)
    {
        lock (_gate)
        {
            _rings.Remove(ring);
            ring.Dispose();
        }
    }

    /// <summary>Takes hints of one session, the next in turn that has some.</summary>
    public int Take(Span<HintEntry> hints, out SessionOperations? session)
    {
        lock (_gate)
        {
            for (var i = 0; i < _rings.Count; i++)
            {
                _next = (_next + 1) % _rings.Count;
                if (_rings[_next].Take(hints) is var count and > 0)
                {
                    session = _rings[_next].Session;
                    return count;
                }
            }
        }

        session = null;
        return 0;
    }

    /// <summary>Tells every client that the host is about to sleep; false if one has hints.</summary>
    public bool TrySleep()
    {
        lock (_gate)
        {
            var canSleep = true;
            foreach (var ring in _rings)
            {
                canSleep &= ring.TrySleep();
            }

            return canSleep;
        }
    }
}
