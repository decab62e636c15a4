// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using Hmm.Core.Physical;

namespace Hmm.Core.Policies;

/// <summary>The ways between devices; each is found out about once, when it is first asked for.</summary>
/// <remarks>Threads: any.</remarks>
internal sealed class PeerLinks
{
    private readonly ConcurrentDictionary<(PageMap From, PageMap To), PeerLink> _links = new(); // Guarded by: itself

    /// <summary>The way from one device to another.</summary>
    public PeerLink Between(PageMap from, PageMap to) =>
        _links.GetOrAdd((from, to), static pair => PeerLink.Between(pair.From, pair.To));

    /// <summary>Forgets a device that goes.</summary>
    public void Forget(PageMap map)
    {
        foreach (var pair in _links.Keys)
        {
            if (pair.From == map || pair.To == map)
            {
                _links.TryRemove(pair, out _);
            }
        }
    }
}
