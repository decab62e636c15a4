// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Simulation.Tests.Scheduling;

/// <summary>
/// An actor that runs the core's code on a thread of its own, but only while it holds the baton. Threads are kept for
/// the next run: starting one costs more than a whole short schedule.
/// </summary>
internal sealed class ThreadActor : IDisposable
{
    private readonly SeededScheduler _scheduler; // immutable
    private readonly SemaphoreSlim _baton = new(0);
    private readonly Thread _thread; // immutable
    private Action _body = static () => { }; // Guarded by: the baton
    private bool _ending; // Guarded by: the baton

    public ThreadActor(SeededScheduler scheduler, int number)
    {
        _scheduler = scheduler;
        Name = "";
        _thread = new Thread(Loop) { IsBackground = true, Name = $"actor {number}" };
        _thread.Start();
    }

    /// <summary>What it plays in this run.</summary>
    public string Name { get; private set; }

    /// <summary>What it waits for; null while it can go on.</summary>
    public Func<bool>? Condition { get; set; } // Guarded by: the baton

    /// <summary>Why it waits, for state dumps.</summary>
    public string Reason { get; set; } = ""; // Guarded by: the baton

    /// <summary>Whether it goes on only when nobody else can: a timer, in a world without a clock.</summary>
    public bool WhenIdle { get; set; } // Guarded by: the baton

    /// <summary>Whether others that wait as spares would do as well.</summary>
    public bool IsSpare { get; set; } // Guarded by: the baton

    /// <summary>Whether its body has returned.</summary>
    public bool IsDone { get; private set; } = true; // Guarded by: the baton

    /// <summary>Whether it could go on now.</summary>
    public bool CanRun => !IsDone && !WhenIdle && (Condition is null || Condition());

    public void Prepare(string name, Action body)
    {
        (Name, _body, Condition, Reason, WhenIdle, IsDone) = (name, body, null, "", false, false);
    }

    public void HandBaton() => _baton.Release();

    public void AwaitBaton() => _baton.Wait();

    /// <summary>Ends the thread; it must not be in a run.</summary>
    public void Dispose()
    {
        _ending = true;
        HandBaton();
        _thread.Join();
        _baton.Dispose();
    }

    public override string ToString() =>
        IsDone ? $"{Name}: done" : $"{Name}: {(Condition is null && !WhenIdle ? "ready" : "waits for " + Reason)}";

    private void Loop()
    {
        while (true)
        {
            AwaitBaton();
            if (_ending)
            {
                return;
            }

            SeededScheduler.Enter(this);
            try
            {
                _body();
            }
            catch (Exception exception)
            {
                _scheduler.RecordFailure(exception);
            }

            (IsDone, IsSpare) = (true, false);
            _body = static () => { };
            _scheduler.Leave();
        }
    }
}
