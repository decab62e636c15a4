// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;

namespace Hmm.Modules.Block;

/// <summary>A device's thread for what nobody waits for: it takes a turn when it is woken, and every second.</summary>
/// <remarks>Threads: <see cref="Wake"/> from any; it never waits.</remarks>
internal sealed class Keeper : IDisposable
{
    private const int TurnMs = 1000;

    private readonly object _gate = new();
    private readonly Action _turn; // immutable
    private readonly Thread _thread; // immutable
    private bool _woken; // Guarded by: _gate
    private bool _closing; // Guarded by: _gate

    public Keeper(Action turn)
    {
        _turn = turn;
        _thread = new Thread(Run) { IsBackground = true, Name = "hmm-block" };
    }

    /// <summary>Begins.</summary>
    public void Start() => _thread.Start();

    /// <summary>Asks for a turn now.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            _woken = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Ends after the turn under way.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.Pulse(_gate);
        }

        if (_thread.IsAlive)
        {
            _thread.Join();
        }
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                lock (_gate)
                {
                    if (!_woken && !_closing)
                    {
                        Monitor.Wait(_gate, TurnMs);
                    }

                    if (_closing)
                    {
                        return;
                    }

                    _woken = false;
                }

                _turn();
            }
        }
        catch (Exception exception)
        {
            // Pages may be between two places.
            Corruption.Fail($"the thread that keeps a block device failed: {exception}");
        }
    }
}
