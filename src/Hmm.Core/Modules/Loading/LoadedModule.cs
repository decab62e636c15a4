// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using Hmm.Uapi;

namespace Hmm.Core.Modules.Loading;

/// <summary>
/// A module in memory and who uses it.
/// </summary>
/// <remarks>
/// Thread-safety: all members may be called from any thread. Invariant: nobody starts to use it unless it is live, and
/// it stops being live only while nobody uses it, or by failing.
/// </remarks>
internal sealed class LoadedModule(PreparedModule prepared, ModuleLoadContext loadContext, ModuleContext context)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, int> _users = new(StringComparer.Ordinal); // Guarded by: _gate
    private ModuleState _state = ModuleState.Live; // Guarded by: _gate
    private bool _threadEnded; // Guarded by: _gate

    public PreparedModule Prepared { get; } = prepared;

    public ModuleLoadContext LoadContext { get; } = loadContext;

    public ModuleContext Context { get; } = context;

    /// <summary>The module's assembly, once it has been loaded.</summary>
    public Assembly? Assembly { get; set; } // Guarded by: the thread that runs init, then the loader's lock

    /// <summary>The module's entry, once it has been created.</summary>
    public IModule? Entry { get; set; } // Guarded by: the thread that runs init, then the loader's lock

    /// <summary>What it holds of the modules that it needs.</summary>
    public List<ModuleUse> Holds { get; } = []; // Guarded by: the loader's lock

    public string Name => Prepared.Plan.Name;

    public ModuleState State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    /// <summary>Counts a user.</summary>
    /// <exception cref="HmmException"><see cref="Errno.ENODEV"/>: it is being unloaded, or has failed.</exception>
    public ModuleUse Acquire(string user)
    {
        lock (_gate)
        {
            if (_state != ModuleState.Live)
            {
                throw new HmmException(Errno.ENODEV, $"Module {Name} cannot be used by {user}: it is {StateText}.");
            }

            _users[user] = _users.GetValueOrDefault(user) + 1;
            return new ModuleUse(this, user);
        }
    }

    public void Release(string user)
    {
        lock (_gate)
        {
            if (--_users[user] == 0)
            {
                _users.Remove(user);
            }
        }
    }

    /// <summary>Stops new users, unless there are any.</summary>
    /// <exception cref="HmmException">
    /// <see cref="Errno.EBUSY"/>: it is in use, by those named, or its thread still runs.
    /// </exception>
    public void BeginUnload()
    {
        lock (_gate)
        {
            if (_users.Count > 0)
            {
                throw new HmmException(
                    Errno.EBUSY,
                    $"Module {Name} cannot be unloaded: it is used by "
                        + $"{string.Join(", ", _users.Keys)}; remove them first.");
            }

            if (_state == ModuleState.Failed && !_threadEnded)
            {
                throw new HmmException(
                    Errno.EBUSY,
                    $"Module {Name} cannot be unloaded: its {nameof(IModule)} never returned and still "
                        + "runs; restart the host.");
            }

            if (_state == ModuleState.Unloading)
            {
                throw new HmmException(Errno.EBUSY, $"Module {Name} is being unloaded already.");
            }

            if (_state == ModuleState.Live)
            {
                _state = ModuleState.Unloading;
            }
        }
    }

    /// <summary>Marks it as failed: a call into it has missed its deadline.</summary>
    public void Fail()
    {
        lock (_gate)
        {
            _state = ModuleState.Failed;
        }
    }

    /// <summary>Notes that the abandoned call has returned after all.</summary>
    public void ThreadEnded()
    {
        lock (_gate)
        {
            _threadEnded = true;
        }
    }

    public ModuleInfo Describe()
    {
        lock (_gate)
        {
            return ModuleInfo.Of(Prepared, _state, [.. _users.Keys]);
        }
    }

    private string StateText => _state == ModuleState.Failed ? "failed" : "being unloaded";
}
