// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Loading;

/// <summary>
/// Runs one call into module code on a thread of its own and waits for it until a deadline. A call that misses it is
/// abandoned: the thread cannot be stopped, so it runs on, and should it return one day, a late handler cleans up.
/// </summary>
/// <remarks>
/// The one place of the core that starts a thread and looks at a clock: loading modules is a control operation of
/// people, and module code that hangs must not take the host's control with it.
/// State: <c>Running -> Returned</c> or <c>Running -> Abandoned</c>, by compare-and-swap, so
/// exactly one side cleans up.
/// </remarks>
internal sealed class DeadlineCall
{
    private const int Running = 0, Returned = 1, Abandoned = 2;

    private readonly Action _call; // Guarded by: immutable
    private readonly Action _late; // Guarded by: immutable
    private readonly Thread _thread; // Guarded by: immutable
    private int _state; // Guarded by: atomic
    private Exception? _error; // Guarded by: _state (written before Returned, read after)

    private DeadlineCall(string name, Action call, Action late)
    {
        _call = call;
        _late = late;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
    }

    /// <summary>Runs a call.</summary>
    /// <param name="name">The thread's name.</param>
    /// <param name="limit">How long to wait.</param>
    /// <param name="call">The call.</param>
    /// <param name="late">Runs on the call's thread when the call ends after the deadline, however it ends.</param>
    /// <param name="error">What the call threw, or null.</param>
    /// <returns>False when the deadline passed.</returns>
    public static bool TryRun(string name, TimeSpan limit, Action call, Action late, out Exception? error)
    {
        var self = new DeadlineCall(name, call, late);
        self._thread.Start();
        error = null;
        if (!self._thread.Join(limit) && Interlocked.CompareExchange(ref self._state, Abandoned, Running) == Running)
        {
            return false;
        }

        self._thread.Join();
        error = self._error;
        return true;
    }

    private void Run()
    {
        try
        {
            _call();
        }
#pragma warning disable CA1031 // Module code may throw anything; whoever asked for the call decides.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _error = e;
        }

        if (Interlocked.CompareExchange(ref _state, Returned, Running) == Abandoned)
        {
            _late();
        }
    }
}
