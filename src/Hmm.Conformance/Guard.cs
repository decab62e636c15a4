// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance;

/// <summary>Calls into the driver, on threads that may be lost.</summary>
internal static class Guard
{
    /// <summary>Calls a hook, which must return in time and must not throw.</summary>
    public static void Hook(string hook, TimeSpan deadline, Action call)
    {
        var started = Environment.TickCount64;
        try
        {
            call();
        }
        catch (Exception exception) when (exception is not ConformanceException)
        {
            throw new ConformanceException(
                $"the {hook} hook threw {exception.GetType().Name}: {exception.Message}; hooks report errors by "
                    + "completing segments with them, and never throw",
                exception);
        }

        var elapsedMs = Environment.TickCount64 - started;
        if (elapsedMs > deadline.TotalMilliseconds)
        {
            throw new ConformanceException(
                $"the {hook} hook took {elapsedMs} ms; a hook starts the I/O, returns, and completes later");
        }
    }

    /// <summary>Runs something on a thread of its own, which is given up when the time is over.</summary>
    /// <exception cref="ConformanceException">It did not return in time, or broke the contract.</exception>
    public static void Run(string what, TimeSpan deadline, Action call)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            Watch.Enter();
            try
            {
                call();
            }
#pragma warning disable CA1031 // Driver code may throw anything; it is the caller's, on the caller's thread.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Volatile.Write(ref failure, exception);
            }
        })
        {
            IsBackground = true,
            Name = what,
        };
        thread.Start();
        if (!thread.Join(deadline))
        {
            throw new ConformanceException($"{what} did not return within {deadline.TotalSeconds:0.###} s");
        }

        if (Volatile.Read(ref failure) is { } error)
        {
            throw error as ConformanceException ?? new ConformanceException(
                $"{what} threw {error.GetType().Name}: {error.Message}", error);
        }
    }
}
