// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;

namespace Hmm.Simulation.Tests.Applications;

/// <summary>Something that a thread of its own tries, while the script goes on.</summary>
internal sealed class Attempt
{
    private readonly SimulatedHost _host; // immutable
    private TouchOutcome _outcome; // Guarded by: the baton
    private Errno _error; // Guarded by: the baton

    private Attempt(SimulatedHost host)
    {
        _host = host;
    }

    /// <summary>Whether it is over.</summary>
    public bool IsDone { get; private set; } // Guarded by: the baton

    /// <summary>Reads a word of a page.</summary>
    public static Attempt Load(SimulatedHost host, SimulatedRange range, long page)
    {
        var attempt = new Attempt(host);
        host.Scheduler.Spawn($"page {page}", () =>
        {
            var thread = new ScriptThread(host.Scheduler, $"page {page}");
            attempt._outcome = thread.Load(range.Memory, page, 0, new byte[sizeof(long)]);
            attempt.IsDone = true;
        });
        return attempt;
    }

    /// <summary>Asks the host for something.</summary>
    public static Attempt Of(SimulatedHost host, Action request)
    {
        var attempt = new Attempt(host);
        host.Scheduler.Spawn("request", () =>
        {
            try
            {
                request();
            }
            catch (HmmException exception)
            {
                attempt._error = exception.Errno;
            }

            attempt.IsDone = true;
        });
        return attempt;
    }

    /// <summary>How the touch ended.</summary>
    public TouchOutcome Wait()
    {
        _host.Scheduler.WaitUntil(() => IsDone, "an attempt");
        return _outcome;
    }

    /// <summary>How the request ended.</summary>
    public Errno WaitForError()
    {
        _host.Scheduler.WaitUntil(() => IsDone, "an attempt");
        return _error;
    }
}
