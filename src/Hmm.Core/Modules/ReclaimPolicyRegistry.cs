// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;
using Hmm.Uapi;

namespace Hmm.Core.Modules;

/// <summary>The reclaim policies that modules offer, by name. Names are unique.</summary>
/// <remarks>Thread-safety: all members may be called from any thread.</remarks>
internal sealed class ReclaimPolicyRegistry
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Func<long, IReclaimPolicy>> _policies = new(
        StringComparer.Ordinal); // Guarded by: _gate

    /// <summary>
    /// Called, on the unloading thread, after a policy was withdrawn and before its module's code goes.
    /// </summary>
    public Action<string>? Withdrawn { get; set; }

    /// <summary>The names.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_gate)
            {
                return [.. _policies.Keys];
            }
        }
    }

    public void Add(string module, string name, Func<long, IReclaimPolicy> create)
    {
        lock (_gate)
        {
            if (!_policies.TryAdd(name, create))
            {
                throw new HmmException(
                    Errno.EEXIST, $"Module {module} offers reclaim policy '{name}', and there is one of that name "
                        + "already.");
            }
        }
    }

    public void Remove(string name)
    {
        lock (_gate)
        {
            _policies.Remove(name);
        }

        Withdrawn?.Invoke(name);
    }

    /// <exception cref="HmmException"><see cref="Errno.ENOENT"/>: no loaded module offers it.</exception>
    public IReclaimPolicy Create(string name, long capacityPages)
    {
        Func<long, IReclaimPolicy>? create;
        lock (_gate)
        {
            if (!_policies.TryGetValue(name, out create))
            {
                var names = string.Join(", ", _policies.Keys);
                var offered = names.Length == 0 ? "none is loaded" : "loaded are " + names;
                throw new HmmException(Errno.ENOENT, $"No loaded module offers a reclaim policy '{name}'; {offered}.");
            }
        }

        return create(capacityPages);
    }
}
