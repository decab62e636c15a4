// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;

namespace Hmm.Conformance;

/// <summary>
/// Stands where the core would end the process because a driver broke an invariant: notes it, and keeps the process
/// alive for the next check.
/// </summary>
/// <remarks>
/// A thread of the suite gets the message as an exception. A thread of the driver is stopped for good: letting it go
/// on, or throwing into it, would end the process and with it the report. One at a time in a process: the handler is
/// static.
/// </remarks>
internal sealed class Watch : IDisposable
{
    private static readonly Lock s_one = new();
    private static readonly Action<string> s_before = Corruption.Handler; // immutable: read before the first watch
    private static readonly Action<string> s_late = Late; // immutable

    [ThreadStatic]
    private static bool t_isOurs;

    private readonly Lock _gate = new();
    private string? _violation; // Guarded by: _gate

    public Watch()
    {
        s_one.Enter();
        Corruption.Handler = Note;
    }

    /// <summary>Declares the calling thread one of the suite's.</summary>
    public static void Enter() => t_isOurs = true;

    /// <summary>Forgets what was noted: the next check begins.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            _violation = null;
        }
    }

    /// <summary>Fails if anything was noted.</summary>
    public void Check()
    {
        lock (_gate)
        {
            if (_violation is not null)
            {
                throw new ConformanceException(_violation);
            }
        }
    }

    /// <summary>
    /// Ends the watch. A thread that a driver left behind may still break an invariant: it is stopped too.
    /// </summary>
    public void Dispose()
    {
        Corruption.Handler = s_late;
        s_one.Exit();
    }

    private void Note(string message)
    {
        lock (_gate)
        {
            _violation ??= message;
        }

        if (t_isOurs)
        {
            throw new ConformanceException(message);
        }

        Stop();
    }

    private static void Late(string message)
    {
        if (t_isOurs)
        {
            s_before(message);
        }

        Stop();
    }

    private static void Stop()
    {
        // The process may end without it.
        Thread.CurrentThread.IsBackground = true;
        using var never = new ManualResetEventSlim();
        never.Wait();
    }
}
