// SPDX-License-Identifier: MIT
using System.Reflection;
using Hmm.Connection;
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm;

/// <summary>
/// A host: the process that keeps ranges within a DRAM budget and moves their pages to devices and
/// back. Make one, make arrays with it, and dispose it last.
/// </summary>
/// <remarks>
/// <para>Thread-safety: every member may be called from any thread at any time.</para> <para> When
/// the host process dies, calls fail with ECONNRESET, pages that are in DRAM stay usable, and a
/// touch of any other page waits for ever; it can never return wrong bytes. </para>
/// </remarks>
public sealed partial class HmmHost : IDisposable, IAsyncDisposable
{
    /// <summary>
    /// Every userfaultfd with ranges that were not released. The kernel answers the last close of
    /// one with pages of zeros for every thread that waits, so they stay open as long as the
    /// process lives, also when their host is gone and nobody mentions them any more.
    /// </summary>
    private static readonly HashSet<UserfaultFd> s_keptOpen = []; // Guarded by: s_keptOpen

    private readonly HostProcess? _process; // Guarded by: immutable
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, WeakReference<HmmRange>> _ranges = []; // Guarded by: _gate
    private UserfaultFd? _faults; // Guarded by: _gate
    private HintRing? _hints; // Guarded by: _hintsGate for writers, atomic for readers
    private readonly Lock _hintsGate = new();
    private bool _hintsTried; // Guarded by: _hintsGate for writers, atomic for readers
    private bool _disposed; // Guarded by: _gate

    private HmmHost(HostConnection connection, HostProcess? process)
    {
        Connection = connection;
        _process = process;
    }

    /// <summary>The DRAM that all ranges of the host share, in bytes.</summary>
    public long BudgetBytes => (long)Connection.Host.BudgetBytes;

    /// <summary>The host's product version.</summary>
    public string HostVersion => Connection.Host.HostVersion.ToString();

    /// <summary>The host's process id, in its own namespace.</summary>
    public int HostProcessId => (int)Connection.Host.ProcessId;

    /// <summary>What the host lets this process do.</summary>
    public Features Features => Connection.Host.Features;

    /// <summary>Whether the host is there and this object is not disposed.</summary>
    public bool IsConnected => Connection.IsConnected;

    /// <summary>
    /// How page faults are delivered. <see cref="UserfaultFdMode.UserModeOnly"/> is degraded: a
    /// system call on an absent page fails with EFAULT, so populate and pin before one.
    /// </summary>
    /// <exception cref="HmmException">
    /// userfaultfd is not available; the sentence says what to do.
    /// </exception>
    public UserfaultFdMode FaultMode => Faults.Mode;

    /// <summary>
    /// The counters of all ranges of this object, closed ones included, asked of the host.
    /// </summary>
    /// <exception cref="HmmException">ECONNRESET: the host has gone.</exception>
    public Statistics Statistics => StatisticsOf(StatisticsScope.Session);

    internal HostConnection Connection { get; }

    /// <summary>The ring that hints go through, made on first use; null: they go as messages.</summary>
    internal HintRing? Hints
    {
        get
        {
            if (!Volatile.Read(ref _hintsTried))
            {
                lock (_hintsGate)
                {
                    if (!_hintsTried)
                    {
                        _hints = HintRing.TryAttach(Connection);
                        Volatile.Write(ref _hintsTried, true);
                    }
                }
            }

            return _hints;
        }
    }

    /// <summary>
    /// The process's userfaultfd for this host, opened and handed over on first use.
    /// </summary>
    internal UserfaultFd Faults
    {
        get
        {
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                return _faults ??= OpenFaults();
            }
        }
    }

    /// <summary>
    /// Starts a host of this process's own. It ends with this object, and with the process.
    /// </summary>
    /// <param name="options">Budget and devices; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is outside its limits.</exception>
    /// <exception cref="HmmException">
    /// ENOENT: no host program. ECONNRESET: it ended at once. EPERM, EACCES, ENOSYS: no
    /// userfaultfd.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux.</exception>
    public static HmmHost Start(HmmHostOptions? options = null)
    {
        RequirePlatform();
        options ??= new HmmHostOptions();
        var budget = options.Validate();
        var process = HostProcess.Start(options, budget, out var socket);
        HmmHost host;
        try
        {
            var name = options.ApplicationName ?? DefaultName();
            host = new HmmHost(HostConnection.Open(socket, name), process);
        }
        catch (HmmException exception)
        {
            var explained = process.Explain(exception);
            process.Dispose();
            throw explained;
        }

        try
        {
            // Early, so that a system that cannot do it says so here.
            _ = host.Faults;
            host.StartTraceOfEnvironment();
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Connects to a host that others share (<c>hmm host --socket PATH</c>).</summary>
    /// <param name="socketPath">Its socket.</param>
    /// <param name="applicationName">
    /// What it calls this application in reports; null for the assembly's name.
    /// </param>
    /// <exception cref="HmmException">
    /// ENOENT, ECONNREFUSED: nobody listens. EACCES: it may not be used. EAGAIN: it is full.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux.</exception>
    public static HmmHost Connect(string socketPath, string? applicationName = null)
    {
        RequirePlatform();
        ArgumentException.ThrowIfNullOrEmpty(socketPath);
        var socket = UnixSocket.Connect(socketPath);
        return new HmmHost(HostConnection.Open(socket, applicationName ?? DefaultName()), process: null);
    }

    /// <summary>
    /// Releases every array of this host that is left, ends the connection and, after <see
    /// cref="Start"/>, waits for the host process to end. Idempotent.
    /// </summary>
    /// <exception cref="HmmException">
    /// A shared file could not be written back; everything is released all the same.
    /// </exception>
    public void Dispose()
    {
        if (!TryBeginDispose(out var owners))
        {
            return;
        }

        List<Exception> failed = [];
        foreach (var owner in owners)
        {
            try
            {
                owner.Dispose();
            }
            catch (HmmException exception)
            {
                failed.Add(exception);
            }
        }

        EndDispose();
        ThrowFirst(failed);
    }

    /// <summary>As <see cref="Dispose"/>, without blocking a thread of the caller.</summary>
    public async ValueTask DisposeAsync() => await Task.Run(Dispose).ConfigureAwait(false);

    /// <summary>Remembers a range, to release it with the host.</summary>
    internal void Remember(HmmRange range)
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _ranges.Add(range.Id, new WeakReference<HmmRange>(range));
                return;
            }
        }

        // Disposed between making the range and here.
        range.Owner!.Dispose();
        ObjectDisposedException.ThrowIf(true, this);
    }

    /// <summary>Forgets a range that is released.</summary>
    internal void Forget(HmmRange range)
    {
        lock (_gate)
        {
            _ranges.Remove(range.Id);
            CloseFaultsLocked();
        }
    }

    /// <summary>Ends the registration of a mapping that is about to go. Never throws.</summary>
    internal void Unregister(MappedMemory mapping)
    {
        try
        {
            // Set since before the mapping was made, and open while a range is left.
            _faults!.Unregister(mapping.Address, mapping.LengthBytes);
        }
        catch (Exception exception) when (exception is HmmException or ObjectDisposedException)
        {
            // Unmapping, which follows, ends it as well.
        }
    }

    internal Statistics StatisticsOf(StatisticsScope scope)
    {
        var request = new StatisticsRequest { Scope = scope };
        return Connection.Call<StatisticsRequest, StatisticsReply>(Operation.Statistics, in request).Statistics;
    }

    private static void RequirePlatform()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException(
                "Hmm.NET needs Linux 5.19 or later for userfaultfd; run the application there, or in WSL 2.");
        }

        Wire.RequireLittleEndian();
    }

    private static string DefaultName() =>
        Assembly.GetEntryAssembly()?.GetName().Name ?? Path.GetFileName(Environment.ProcessPath) ?? "application";

    private UserfaultFd OpenFaults()
    {
        var faults = UserfaultFd.Open();
        try
        {
            var flags = faults.Mode == UserfaultFdMode.UserModeOnly ? AdoptFlags.UserModeOnly : AdoptFlags.None;
            Connection.Call(
                Operation.AdoptUserfaultfd,
                new AdoptUserfaultfdRequest { Flags = flags },
                [(int)faults.DangerousGetHandle()]);
        }
        catch
        {
            faults.Dispose();
            throw;
        }

        lock (s_keptOpen)
        {
            s_keptOpen.Add(faults);
        }

        return faults;
    }

    private bool TryBeginDispose(out List<IDisposable> owners)
    {
        owners = [];
        lock (_gate)
        {
            if (_disposed)
            {
                return false;
            }

            _disposed = true;
            foreach (var (_, reference) in _ranges)
            {
                if (reference.TryGetTarget(out var range))
                {
                    owners.Add(range.Owner!);
                }
            }

            return true;
        }
    }

    private void EndDispose()
    {
        Connection.Dispose();
        DisposeHints();
        _process?.Dispose();
        lock (_gate)
        {
            CloseFaultsLocked();
        }
    }

    private void DisposeHints()
    {
        lock (_hintsGate)
        {
            _hintsTried = true;
            _hints?.Dispose();
        }
    }

    /// <summary>
    /// Closes the userfaultfd of a disposed host once no mapping is registered with it.
    /// </summary>
    private void CloseFaultsLocked()
    {
        if (!_disposed || _ranges.Count > 0 || _faults is null)
        {
            return;
        }

        lock (s_keptOpen)
        {
            s_keptOpen.Remove(_faults);
        }

        _faults.Dispose();
    }

    private static void ThrowFirst(List<Exception> failed)
    {
        if (failed.Count == 1)
        {
            throw failed[0];
        }

        if (failed.Count > 1)
        {
            throw new AggregateException("Several files could not be written back.", failed);
        }
    }
}
