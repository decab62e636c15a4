// SPDX-License-Identifier: MIT
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// Keeps the processors of this process from sleeping while events come soon after each other: one that sleeps takes 5
/// to 100 µs until it runs again, by how deep it sleeps, and where it is virtual and other guests want the machine,
/// milliseconds.
/// </summary>
/// <remarks>
/// As <c>cpuidle_haltpoll</c> does in the kernel of a guest, without privileges: on each processor a thread of the
/// kernel looks into an io_uring for entries that ask for nothing (IORING_SETUP_SQPOLL), and sleeps some milliseconds
/// after the last one. It has the policy SCHED_IDLE, so it runs only where nobody else wants to, the scheduler takes
/// its processor for idle, and whoever is woken there runs at once. It is no thread of the runtime, whose garbage
/// collector would have to wait for one that gets no processor.
/// Threads: one, the one that created it. Allocates nothing after construction.
/// </remarks>
public sealed class IdlePoller : IDisposable
{
    /// <summary>
    /// Events further apart than that are not worth a processor. The pollers are told as often to go on, so that none
    /// sleeps while events come: one that is woken has time to its credit, and takes a tick from whoever has none.
    /// </summary>
    internal static readonly TimeSpan GapMax = TimeSpan.FromMilliseconds(1);

    // The kernel counts in ticks, of 1 to 10 ms, and rounds up.
    private const int IdleMs = 4;

    private static readonly long s_gapMax = (long)(GapMax.TotalSeconds * Stopwatch.Frequency);

    private readonly List<IoUring> _rings = []; // owner thread
    private long _last = long.MinValue / 2; // owner thread; when an event came
    private long _kept = long.MinValue / 2; // owner thread; when pollers were last told to go on

    private IdlePoller()
    {
    }

    /// <summary>
    /// Creates one for the processors that this process may use. They sleep as before until events come.
    /// </summary>
    /// <param name="poller">The poller.</param>
    /// <param name="whyNot">Why there is none; empty if there is.</param>
    /// <returns>False if this system does not allow it, or it would gain nothing.</returns>
    public static bool TryCreate([NotNullWhen(true)] out IdlePoller? poller, out string whyNot)
    {
        poller = null;
        var processors = SystemInfo.Processors;
        whyNot = WhyPointless(processors.Count, SystemInfo.ProcessorCount);
        return whyNot.Length == 0 && TryCreate(processors, out poller, out whyNot);
    }

    /// <param name="processors">How many processors there are.</param>
    /// <param name="usable">Of how many the time may be used.</param>
    internal static string WhyPointless(int processors, int usable) => (processors, usable) switch
    {
        (<= 1, _) => "there is one processor, and threads that wait for each other hand it over before it sleeps",
        _ when usable < processors =>
            $"a quota leaves the time of {usable} of {processors} processors, and polling would use that up",
        _ => string.Empty,
    };

    internal static bool TryCreate(
        IReadOnlyList<int> processors, [NotNullWhen(true)] out IdlePoller? poller, out string whyNot)
    {
        poller = null;
        var created = new IdlePoller();
        foreach (var processor in processors)
        {
            if (!created.TryAdd(processor, out whyNot))
            {
                created.Dispose();
                return false;
            }
        }

        (poller, whyNot) = (created, string.Empty);
        return true;
    }

    /// <summary>An event came: if the one before it was less than a millisecond ago, processors stay awake.</summary>
    /// <remarks>A look at the clock, and once a millisecond a call for each processor.</remarks>
    public void Notice() => Notice(Stopwatch.GetTimestamp());

    /// <summary>Ends; the threads go.</summary>
    public void Dispose()
    {
        _rings.ForEach(static ring => ring.Dispose());
        _rings.Clear();
    }

    internal void Notice(long now)
    {
        var isSoon = now - _last <= s_gapMax;
        _last = now;
        if (!isSoon || now - _kept < s_gapMax)
        {
            return;
        }

        _kept = now;
        foreach (var ring in _rings)
        {
            ring.KeepPolling();
        }
    }

    // The threads of this process that look into rings, of whoever.
    internal static IEnumerable<int> Pollers() =>
        from path in Directory.EnumerateDirectories("/proc/self/task")
        where SystemInfo.ReadText(Path.Combine(path, "comm")).StartsWith("iou-sqp-", StringComparison.Ordinal)
        select int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture);

    private bool TryAdd(int processor, out string whyNot)
    {
        // The thread has its name by the time that the ring has been tried out.
        var others = Pollers().ToHashSet();
        if (!IoUring.TryCreatePolled(processor, IdleMs, out var ring, out whyNot))
        {
            return false;
        }

        _rings.Add(ring);
        if (Pollers().FirstOrDefault(thread => !others.Contains(thread)) is not (> 0 and var thread))
        {
            whyNot = "/proc does not show the kernel's thread that is to poll";
            return false;
        }

        var error = TakeWhatIsLeft(thread);
        whyNot = error == Errno.None
            ? string.Empty
            : $"sched_setscheduler to SCHED_IDLE failed with {error}; a sandbox (seccomp) forbids it";
        return error == Errno.None;
    }

    private static unsafe Errno TakeWhatIsLeft(int thread)
    {
        var priority = 0; // the only one there is

        // Safe because the local outlives the call.
        var result = LibC.sched_setscheduler(LibC.SYS_sched_setscheduler, thread, LibC.SCHED_IDLE, &priority);
        return result < 0 ? LinuxError.Last() : Errno.None;
    }
}
