// SPDX-License-Identifier: MIT
using System.Diagnostics;

namespace Hmm;

/// <summary>Finds ranges that nobody disposed. Thread-safe.</summary>
public static class HmmDiagnostics
{
    private static long s_leaked; // Guarded by: atomic
    private static long s_live; // Guarded by: atomic

    /// <summary>
    /// Raised, on a thread of the pool, for each range that the garbage collector found undisposed.
    /// Its memory has been given back by then. While anyone is subscribed, every new range
    /// remembers where it was made.
    /// </summary>
    public static event EventHandler<HmmLeakEventArgs>? Leaked;

    /// <summary>How many ranges were leaked in the life of this process.</summary>
    public static long LeakedCount => Interlocked.Read(ref s_leaked);

    /// <summary>How many ranges there are now, in all hosts of this process.</summary>
    public static long LiveCount => Interlocked.Read(ref s_live);

    internal static void RangeMade() => Interlocked.Increment(ref s_live);

    internal static void RangeReleased() => Interlocked.Decrement(ref s_live);

    /// <summary>The caller's stack while someone listens, else null.</summary>
    internal static StackTrace? CaptureStack() =>
        Leaked is null ? null : new StackTrace(skipFrames: 2, fNeedFileInfo: true);

    /// <summary>
    /// Counts and reports a leak. Called by a finalizer: it must not wait, nor throw.
    /// </summary>
    internal static void ReportLeak(string name, long lengthBytes, StackTrace? stack)
    {
        Interlocked.Increment(ref s_leaked);
        if (Leaked is { } leaked)
        {
            // A subscriber that waits or throws must not do so on the finalizer's thread.
            ThreadPool.UnsafeQueueUserWorkItem(
                static report => report.Leaked(null, report.Arguments),
                (Leaked: leaked, Arguments: new HmmLeakEventArgs(name, lengthBytes, stack?.ToString())),
                preferLocal: false);
        }
    }
}
