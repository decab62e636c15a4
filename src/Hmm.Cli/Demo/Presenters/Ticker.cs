// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Cli.Demo.Presenters;

/// <summary>
/// Calls an action at an interval on a thread of its own until disposed. A thread and not a timer:
/// the pool's threads may all wait for pages. When the host is gone the calls end: the demo's own
/// thread meets the same error and reports it.
/// </summary>
internal sealed class Ticker : IDisposable
{
    private readonly ManualResetEventSlim _stop = new(); // atomic
    private readonly Thread _thread; // immutable
    private readonly TimeSpan _interval; // immutable
    private readonly Action _action; // immutable

    internal Ticker(string name, TimeSpan interval, Action action)
    {
        _interval = interval;
        _action = action;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_stop.Wait(_interval))
            {
                _action();
            }
        }
        catch (HmmException)
        {
            // Reported by the demo's own thread; a display has nothing to add.
        }
    }
}
