// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;
using Hmm.Core.Migration;
using Hmm.Core.Modules.Loading;
using Hmm.Core.Physical;
using Hmm.Core.Policies;
using Hmm.Host.Sessions;
using Hmm.Host.Tracing;
using Hmm.Linux;
using Hmm.Pmem;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>
/// A host: the memory manager, its devices, and the two threads that drive it. Sessions come and go; the engine ends
/// after the last one.
/// </summary>
internal sealed class HostEngine : IDisposable
{
    private readonly ReclaimLoop _reclaim = new();
    private readonly PrefetchLoop _prefetch = new();
    private readonly DeadlineLoop _deadlines; // immutable
    private readonly HostMetrics _metrics; // immutable
    private readonly Lock _gate = new();
    private readonly List<SessionOperations> _sessions = []; // Guarded by: _gate
    private volatile string _policy = ""; // Guarded by: atomic
    private TraceRecorder? _trace; // Guarded by: _gate for writers, atomic for readers
    private ulong _lastSessionId; // Guarded by: _gate

    /// <summary>Starts a host.</summary>
    /// <exception cref="HmmException">A device or module cannot be set up; nothing is left.</exception>
    public HostEngine(HostOptions options)
    {
        CheckBudget(options.BudgetBytes);
        Physical = new PhysicalMemory(options.BudgetBytes);
        Manager = new MemoryManager(new MemoryManagerOptions
        {
            BudgetBytes = options.BudgetBytes,
            Physical = Physical,
            ReclaimNeeded = _reclaim.Request,
            PrefetchNeeded = _prefetch.Request,
            PreferLargePages = static (address, length) => _ = MappedMemory.PreferLargePages(address, length),
            Mutant = options.Mutant,
        });
        Modules = new ModuleLoader(new ModuleLoaderOptions
        {
            Folders =
            [
                new ModuleFolder(options.ModuleFolder, InTree: true),
                .. options.OtherModuleFolders.Select(static folder => new ModuleFolder(folder, InTree: false)),
            ],
            KnownHashes = KnownModules.Read(options.ModuleFolder),
            SharedAssemblies = [typeof(UserfaultFd).Assembly, typeof(PmemStore).Assembly],
            Log = HostLog.Write,
        });
        ErrorReport.Taint = Modules.Taints.ToString;
        Devices = new HostDevices(Manager, Modules, options.IsShared);
        try
        {
            UsePolicy(options.ReclaimPolicy);
            foreach (var device in options.Devices.SelectMany(DeviceSpecification.ParseAll))
            {
                Devices.Add(device);
            }
        }
        catch
        {
            Devices.Dispose();
            Manager.Dispose();
            throw;
        }

        _reclaim.Start(Manager, HostLog.Write);
        _prefetch.Start(Manager.Prefetcher, Hints);
        _deadlines = DeadlineLoop.Start(Manager, options.DeviceDeadline, HostLog.Write);
        Faults = new FaultLoop(Manager.Faults, options.SpinTime, options.IdlePoll);
        _metrics = new HostMetrics(this);
    }

    /// <summary>The physical address space.</summary>
    public PhysicalMemory Physical { get; }

    /// <summary>The memory manager.</summary>
    public MemoryManager Manager { get; }

    /// <summary>The modules; a driver's is loaded when a device first asks for it.</summary>
    public ModuleLoader Modules { get; }

    /// <summary>The devices.</summary>
    public HostDevices Devices { get; }

    /// <summary>The thread that reads faults.</summary>
    public FaultLoop Faults { get; }

    /// <summary>The hint rings of the sessions.</summary>
    public HintRings Hints { get; } = new();

    /// <summary>The sessions now.</summary>
    public IReadOnlyList<SessionOperations> Sessions
    {
        get
        {
            lock (_gate)
            {
                return [.. _sessions];
            }
        }
    }

    /// <summary>The trace that is recorded; null: none.</summary>
    public TraceRecorder? Trace => Volatile.Read(ref _trace);

    /// <summary>Makes what serves a new session.</summary>
    public ISessionOperations Connect(PeerCredentials peer)
    {
        lock (_gate)
        {
            var session = new SessionOperations(this, ++_lastSessionId, peer);
            _sessions.Add(session);
            return session;
        }
    }

    /// <summary>There are hints in a ring.</summary>
    public void WakeHints() => _prefetch.Request();

    /// <summary>Begins to record.</summary>
    /// <param name="mode">What to see.</param>
    /// <param name="file">Where to; owned from here on, also when this throws.</param>
    /// <param name="version">The host's version.</param>
    /// <exception cref="HmmException">EBUSY: there is a trace already. And why the file cannot be written.</exception>
    public TraceRecorder StartTrace(TraceMode mode, Stream file, string version)
    {
        lock (_gate)
        {
            if (_trace is not null)
            {
                file.Dispose();
                throw new HmmException(
                    Errno.EBUSY, "The host records a trace already, one at a time; wait until that ends.");
            }

            var trace = TraceRecorder.Start(Manager, mode, file, version, _policy);
            Volatile.Write(ref _trace, trace);
            return trace;
        }
    }

    /// <summary>Ends the recording.</summary>
    /// <exception cref="HmmException">A write failed; the file is good up to there.</exception>
    public TraceCounts StopTrace(TraceRecorder trace, ulong accesses)
    {
        try
        {
            return trace.Stop(accesses);
        }
        finally
        {
            Volatile.Write(ref _trace, null);
        }
    }

    /// <summary>A session is closed.</summary>
    public void Forget(SessionOperations session)
    {
        lock (_gate)
        {
            _sessions.Remove(session);
        }
    }

    /// <summary>Ends the host; every session is closed. A device that does not answer is left to the kernel.</summary>
    public void Dispose()
    {
        _metrics.Dispose();
        Faults.Dispose();
        _prefetch.Dispose();
        _reclaim.Dispose();
        _deadlines.Dispose();
        if (Physical.PageMaps.Snapshot().FirstOrDefault(static map => map.Copies.IsOverdue) is { } overdue)
        {
            // It may write to its buffers at any moment, and to wait for it could be to wait for ever: the kernel takes
            // everything when the process ends.
            HostLog.Write($"device '{overdue.Name}' does not answer; ending without it");
            return;
        }

        Devices.Dispose();
        Manager.Dispose();
    }

    private void UsePolicy(string? name)
    {
        Modules.Policies.Withdrawn = withdrawn =>
        {
            if (withdrawn == name)
            {
                _policy = "";
                Manager.Queue.Use(new ThreeQueuePolicy(Manager.Budget.Limit));
            }
        };
        if (name is null)
        {
            return;
        }

        if (!Modules.Policies.Names.Contains(name))
        {
            Modules.Load(HostDevices.ModuleNameOf(name));
        }

        Manager.Queue.Use(Modules.Policies.Create(name, Manager.Budget.Limit));
        _policy = name;
    }

    private static void CheckBudget(ulong bytes)
    {
        if (bytes < Limits.BudgetBytesMin)
        {
            throw new HmmException(
                Errno.EINVAL, $"A budget of {bytes} bytes is too small; give at least {Limits.BudgetBytesMin >> 20} "
                    + "MiB.");
        }

        if (bytes > SystemInfo.TotalMemoryBytes)
        {
            throw new HmmException(
                Errno.EINVAL,
                $"A budget of {bytes >> 20} MiB is more than this machine's {SystemInfo.TotalMemoryBytes >> 20} MiB "
                    + "of memory; give less.");
        }
    }
}
