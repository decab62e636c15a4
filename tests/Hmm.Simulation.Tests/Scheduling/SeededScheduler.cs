// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;

namespace Hmm.Simulation.Tests.Scheduling;

/// <summary>
/// Runs several threads of control under a seed: exactly one holds the baton, and at every point where the core meets
/// the outside world (<see cref="Yield"/>) the seed decides who goes on. The same seed gives the same interleaving.
/// </summary>
/// <remarks>
/// Threads: everything but <see cref="Run"/> belongs to whoever holds the baton; it is handed over through semaphores,
/// which order memory. A run that fails is unwound one thread after the other.
/// Invariant: at most one thread runs between <see cref="Run"/>'s start and end.
/// </remarks>
internal sealed class SeededScheduler : IDisposable
{
    // Two orders of magnitude above what a run takes: a run that reaches it is going in circles.
    private const int PicksMax = 400_000;

    [ThreadStatic]
    private static ThreadActor? t_current;

    private readonly List<ThreadActor> _threads = []; // Guarded by: the baton
    private readonly List<InlineActor> _inline = []; // Guarded by: the baton
    private readonly List<int> _candidates = []; // Guarded by: the baton
    private readonly SemaphoreSlim _ended = new(0);
    private int _active; // Guarded by: the baton
    private int _switchPermille; // Guarded by: the baton
    private int _picks; // Guarded by: the baton
    private Exception? _failure; // Guarded by: the baton
    private string _dump = ""; // Guarded by: the baton
    private bool _running; // Guarded by: the baton

    /// <summary>The run's chance.</summary>
    public SeededRandom Random { get; private set; } = new(0);

    /// <summary>What else to print when a run fails.</summary>
    public Func<string> Describe { get; set; } = static () => "";

    /// <summary>How many decisions the last run took.</summary>
    public int Picks => _picks;

    /// <summary>How often the last run changed threads.</summary>
    public int Switches { get; private set; }

    /// <summary>Whether the run is being unwound.</summary>
    public bool HasFailed => _failure is not null;

    /// <summary>Begins a new run.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="switchPermille">How often a yield changes the actor, in thousandths.</param>
    public void Begin(ulong seed, int switchPermille)
    {
        Random = new SeededRandom(seed);
        _switchPermille = switchPermille;
        _picks = 0;
        Switches = 0;
        _failure = null;
        _active = 0;
        _inline.Clear();
        Describe = static () => "";
    }

    /// <summary>Adds an actor with a thread.</summary>
    public void Spawn(string name, Action body)
    {
        if (_active == _threads.Count)
        {
            _threads.Add(new ThreadActor(this, _threads.Count));
        }

        _threads[_active++].Prepare(name, body);
    }

    /// <summary>Adds an actor without one.</summary>
    public void Add(InlineActor actor) => _inline.Add(actor);

    /// <summary>Runs until every thread actor has returned.</summary>
    public void Run()
    {
        _running = true;
        Pick(self: null)!.HandBaton();
        _ended.Wait();
        _running = false;
        if (_failure is not null)
        {
            throw new ScheduleException($"{_failure.Message}{Environment.NewLine}{_dump}", _failure);
        }
    }

    /// <summary>A point where another actor may go on. Outside a run it does nothing.</summary>
    public void Yield() => Yield(_switchPermille);

    /// <summary>The same inside a call that works on one page after the other: a quarter as often.</summary>
    public void YieldInside() => Yield((_switchPermille + 3) / 4);

    /// <summary>Lets others go on until a condition holds.</summary>
    /// <param name="condition">What to wait for.</param>
    /// <param name="reason">The same, for state dumps.</param>
    /// <param name="isSpare">
    /// Whether any other actor that waits as a spare would do as well: then the one that needs no switch goes on.
    /// </param>
    public void WaitUntil(Func<bool> condition, string reason, bool isSpare = false)
    {
        if (t_current is not { } self || !_running)
        {
            throw new InvalidOperationException($"nobody is there to make this come true: {reason}");
        }

        ThrowIfFailed();
        // Between two jobs others get a chance even in runs that hardly ever switch: a host that always finds another
        // job before the application runs would evict each page before it is touched.
        if (condition() && !Random.Chance(isSpare ? Math.Max(_switchPermille, 250) : _switchPermille))
        {
            return;
        }

        (self.Condition, self.Reason, self.IsSpare) = (condition, reason, isSpare);
        SwitchFrom(self);
        (self.Condition, self.IsSpare) = (null, false);
    }

    /// <summary>Lets others go on until none of them can.</summary>
    public void WaitUntilIdle(string reason)
    {
        ThrowIfFailed();
        var self = t_current!;
        (self.WhenIdle, self.Reason) = (true, reason);
        SwitchFrom(self);
        self.WhenIdle = false;
    }

    /// <summary>Ends the run as failed.</summary>
    public void Fail(string message)
    {
        RecordFailure(new ScheduleException(message));
        ThrowIfFailed();
    }

    /// <summary>Ends the threads; no run is under way.</summary>
    public void Dispose()
    {
        foreach (var thread in _threads)
        {
            thread.Dispose();
        }

        _ended.Dispose();
    }

    internal static void Enter(ThreadActor self)
    {
        t_current = self;
        self.Condition = null;
    }

    /// <summary>Keeps the first failure, and how everything stood.</summary>
    internal void RecordFailure(Exception exception)
    {
        if (_failure is null)
        {
            _failure = exception;
            _dump = Dump();
        }
    }

    /// <summary>The body of an actor returned: somebody else goes on, or the run is over.</summary>
    internal void Leave()
    {
        var next = NextAfterLeave();
        if (next is null)
        {
            _ended.Release();
        }
        else
        {
            next.HandBaton();
        }
    }

    private void Yield(int permille)
    {
        if (t_current is not { } self || !_running)
        {
            return;
        }

        ThrowIfFailed();
        if (Random.Chance(permille))
        {
            SwitchFrom(self);
        }
    }

    private ThreadActor? NextAfterLeave()
    {
        if (_failure is null)
        {
            try
            {
                if (_threads.Take(_active).All(static thread => thread.IsDone))
                {
                    return null;
                }

                return Pick(self: null);
            }
            catch (Exception exception)
            {
                RecordFailure(exception);
            }
        }

        return _threads.Take(_active).FirstOrDefault(static thread => !thread.IsDone);
    }

    private void SwitchFrom(ThreadActor self)
    {
        var next = Pick(self)!;
        if (next != self)
        {
            Switches++;
            next.HandBaton();
            self.AwaitBaton();
            ThrowIfFailed();
        }
    }

    /// <summary>Chooses who goes on, running the steps of inline actors on the way.</summary>
    private ThreadActor? Pick(ThreadActor? self)
    {
        while (true)
        {
            if (++_picks > PicksMax)
            {
                Fail($"the run does not end: {PicksMax} decisions were taken");
            }

            _candidates.Clear();
            AddThreads(self);

            for (var i = 0; i < _inline.Count; i++)
            {
                if (_inline[i].CanStep)
                {
                    _candidates.Add(_active + i);
                }
            }

            if (_candidates.Count == 0)
            {
                return PickIdle();
            }

            var chosen = _candidates[Random.Next(_candidates.Count)];
            if (chosen < _active)
            {
                return _threads[chosen];
            }

            _inline[chosen - _active].Step();
        }
    }

    /// <summary>Adds the threads that can go on, of spare ones only one.</summary>
    private void AddThreads(ThreadActor? self)
    {
        var spare = -1;
        for (var i = 0; i < _active; i++)
        {
            var thread = _threads[i];
            if (thread.IsSpare)
            {
                spare = thread == self || spare < 0 ? i : spare;
            }
            else if (thread.CanRun)
            {
                _candidates.Add(i);
            }
        }

        if (spare >= 0 && _threads[spare].CanRun)
        {
            _candidates.Add(spare);
        }
    }

    private ThreadActor PickIdle()
    {
        for (var i = 0; i < _active; i++)
        {
            if (!_threads[i].IsDone && _threads[i].WhenIdle)
            {
                return _threads[i];
            }
        }

        Fail("deadlock: nobody can go on");
        throw new InvalidOperationException("unreachable");
    }

    private void ThrowIfFailed()
    {
        if (_failure is not null)
        {
            throw new ScheduleException("the run failed elsewhere: " + _failure.Message);
        }
    }

    private string Dump()
    {
        var text = new StringBuilder();
        for (var i = 0; i < _active; i++)
        {
            text.AppendLine("  " + _threads[i]);
        }

        foreach (var actor in _inline)
        {
            text.AppendLine("  " + actor);
        }

        return text.Append(Describe()).ToString();
    }
}
