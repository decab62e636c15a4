// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Uapi;
using Xunit;

namespace Hmm.Core.Tests.Physical;

/// <summary>
/// One page map that is removed while others use it, as step machines that a seeded scheduler
/// interleaves, also inside the free hook. After every step: held frames are findable, counted and
/// backed by memory; a killed map looks absent; nobody holds a drained one; the span is not for
/// others before it is released.
/// </summary>
internal sealed class TeardownSchedule : IDeviceMemoryOps
{
    private const int Frames = 24;
    private const int StepsMax = 4_000;
    private const int HookDepthMax = 2;

    private static readonly FieldInfo StageField =
        typeof(PageMap).GetField("_stage", BindingFlags.Instance | BindingFlags.NonPublic)!;

    private readonly Random _random;
    private readonly PageMapWorld _world = new();
    private readonly object _owner = new();
    private readonly Resource _span;
    private readonly PageMap _map;
    private readonly List<IActor> _actors = [];
    private readonly int[] _holders = new int[Frames]; // what the actors hold, by frame
    private readonly int[] _freesDue = new int[Frames];
    private int _inFinders;
    private int _hookDepth;
    private bool _killed;
    private bool _released;

    /// <param name="random">The schedule.</param>
    /// <param name="order">
    /// The steps of the removal, in the order to take them; the lawful one or a mutant.
    /// </param>
    public TeardownSchedule(Random random, IReadOnlyList<TeardownStage> order)
    {
        _random = random;
        _span = _world.Span(0, Frames);
        _map = PageMap.Create(_world.Memory, new PageMapOptions
        {
            Name = "disk",
            Type = PageMapType.Private,
            Owner = _owner,
            Ops = this,
            Spans = [new PageMapSpan(_span)],
        });
        _actors.Add(new Remover(this, order));
        _actors.Add(new Reuser(this));
        for (var i = 0; i < 2; i++)
        {
            _actors.Add(new Holder(this));
            _actors.Add(new Finder(this));
        }
    }

    private interface IActor
    {
        bool IsDone { get; }

        void Step();
    }

    private Pfn First => Pfn.FromAddress(_span.Start);

    /// <summary>Runs the schedule to its end.</summary>
    public void Run()
    {
        for (var step = 0; !_actors.TrueForAll(actor => actor.IsDone); step++)
        {
            Assert.True(step < StepsMax, "every actor comes to its end");
            StepOne();
        }

        Assert.All(_freesDue, due => Assert.Equal(0, due));
        Assert.True(_world.Memory.PageMaps.IsEmpty);
        Assert.Equal([_world.Memory.SystemRam], _world.Memory.Resources.Walk().Select(entry => entry.Resource));
    }

    void IDeviceMemoryOps.Fault(CopyBatch batch) => throw new InvalidOperationException("Nothing faults here.");

    void IDeviceMemoryOps.Evict(CopyBatch batch) => throw new InvalidOperationException("Nothing is evicted here.");

    void IDeviceMemoryOps.Free(Pfn first, int frameCount)
    {
        for (var pfn = first; pfn < first + frameCount; pfn += 1)
        {
            Assert.Equal(1, _freesDue[pfn - First]--);
            Assert.Equal(0, _holders[pfn - First]);
            Assert.Equal(0, _map.FrameOf(pfn).References);
        }

        // The others go on while the hook runs.
        for (_hookDepth++; _hookDepth <= HookDepthMax && _random.Next(3) != 0;)
        {
            StepOne();
        }

        Assert.False(_map.Reference.IsDrained, "a map does not drain while a hook runs");
        Assert.Equal(0, _map.FrameOf(first).References);
        _hookDepth--;
    }

    private void StepOne()
    {
        var actor = _actors[_random.Next(_actors.Count)];
        if (!actor.IsDone)
        {
            actor.Step();
            CheckInvariants();
        }
    }

    private void CheckInvariants()
    {
        for (var i = 0; i < Frames; i++)
        {
            if (_holders[i] > 0)
            {
                Assert.Same(_map, _world.Memory.PageMaps.OwnerOf(First + i));
                Assert.Equal(_holders[i], _map.FrameOf(First + i).References);
            }
        }

        if (_inFinders > 0)
        {
            Assert.InRange(_map.FrameOf(First).References, 0, int.MaxValue);
        }

        var isUsed = _inFinders > 0 || _holders.Any(count => count > 0);
        Assert.False(isUsed && _map.Reference.IsDrained, "nobody is inside a drained map");
        Assert.True(!_killed || _released || _world.Memory.PageMaps.Find(First) is null, "a killed map looks absent");
    }

    private void Hold(Pfn first, int count, int change)
    {
        for (var i = 0; i < count; i++)
        {
            var held = _holders[first - First + i] += change;
            if (held == 0)
            {
                _freesDue[first - First + i]++;
            }
        }
    }

    /// <summary>Takes the steps of a removal, in an order.</summary>
    private sealed class Remover(TeardownSchedule world, IReadOnlyList<TeardownStage> order) : IActor
    {
        private int _next;

        public bool IsDone => world._released && _next >= order.Count;

        public void Step()
        {
            var map = world._map;
            var stage = _next < order.Count ? order[_next] : TeardownStage.Live;
            if (stage == TeardownStage.Drained && !map.Reference.IsDrained)
            {
                // The wait of Remove: not this time.
                return;
            }

            _next++;
            if (stage != TeardownStage.Live)
            {
                // A mutant reaches around the guard that keeps the order, or the test would only
                // test the guard.
                StageField.SetValue(map, (int)stage - 1);
            }

            switch (stage)
            {
                case TeardownStage.Killed:
                    Assert.True(map.TryKill());
                    world._killed = true;
                    break;
                case TeardownStage.Drained:
                    map.Drain();
                    break;
                case TeardownStage.FramesRemoved:
                    map.RemoveFrames();
                    break;
                case TeardownStage.Erased:
                    map.EraseIndex();
                    break;
                case TeardownStage.Exited:
                    map.ExitReference();
                    break;
                case TeardownStage.SpansLetGo:
                    map.LetSpansGo();
                    break;
                default:
                    world._world.Memory.Resources.Release(world._span);
                    world._released = true;
                    break;
            }
        }
    }

    /// <summary>Allocates, shares, lets go, until nothing more is handed out.</summary>
    private sealed class Holder(TeardownSchedule world) : IActor
    {
        private readonly List<(Pfn First, int Count)> _held = [];
        private int _rounds = 20;

        public bool IsDone => _rounds <= 0 && _held.Count == 0;

        public void Step()
        {
            if (_held.Count > 0 && (_rounds <= 0 || world._random.Next(2) == 0))
            {
                Drop();
            }
            else if (_held.Count > 0 && world._random.Next(3) == 0)
            {
                var (first, count) = _held[world._random.Next(_held.Count)];
                world._map.Get(first, count);
                world.Hold(first, count, 1);
                _held.Add((first, count));
            }
            else
            {
                Allocate();
            }

            _rounds--;
        }

        private void Drop()
        {
            var index = world._random.Next(_held.Count);
            var (first, count) = _held[index];
            _held.RemoveAt(index);
            world.Hold(first, count, -1);
            world._world.Memory.PageMaps.OwnerOf(first).Put(first, count);
        }

        private void Allocate()
        {
            Pfn first;
            var count = 1 << world._random.Next(3);
            var worked = world._random.Next(2) == 0
                ? world._map.TryAllocateRun(count, out first, out count)
                : world._map.TryAllocateOrder(System.Numerics.BitOperations.Log2((uint)count), out first);
            Assert.False(worked && world._killed, "a killed map hands nothing out");
            if (worked)
            {
                world.Hold(first, count, 1);
                _held.Add((first, count));
            }
        }
    }

    /// <summary>
    /// Looks a frame up without holding it, in two steps, reads it, and lets the map go.
    /// </summary>
    private sealed class Finder(TeardownSchedule world) : IActor
    {
        private int _rounds = 30;
        private int _stage;
        private PageMap? _found;
        private Pfn _pfn;

        public bool IsDone => _rounds <= 0 && _stage == 0;

        public void Step()
        {
            _rounds--;
            switch (_stage)
            {
                case 0:
                    _pfn = world.First + world._random.Next(Frames);
                    _found = world._world.Memory.PageMaps.Find(_pfn);
                    Assert.False(
                        _found == world._map && world._killed,
                        "a lookup that began after the kill finds nothing");
                    _stage = _found == world._map ? 1 : 0;
                    break;
                case 1:
                    // What was found may have been killed, drained and erased meanwhile: then this
                    // fails.
                    _stage = _found!.Reference.TryGet() ? 2 : 0;
                    world._inFinders += _stage == 2 ? 1 : 0;
                    break;
                case 2:
                    var referenced = _found!.TryGet(_pfn);
                    if (referenced)
                    {
                        world.Hold(_pfn, 1, 1);
                    }

                    _stage = referenced ? 3 : 4;
                    break;
                case 3:
                    _stage = 4;
                    world.Hold(_pfn, 1, -1);
                    _found!.Put(_pfn);
                    break;
                default:
                    _stage = 0;
                    world._inFinders--;
                    _found!.Reference.Put();
                    break;
            }
        }
    }

    /// <summary>
    /// Wants the span for itself, and gets it once the removal is over, not before.
    /// </summary>
    private sealed class Reuser(TeardownSchedule world) : IActor
    {
        private Resource? _span;
        private PageMap? _map;

        public bool IsDone { get; private set; }

        public void Step()
        {
            var memory = world._world.Memory;
            if (_span is null)
            {
                try
                {
                    var old = world._span;
                    _span = memory.Resources.Request(null, old.Start, old.SizeBytes, "next", old.Kind);
                }
                catch (HmmException exception) when (exception.Errno == Errno.EBUSY)
                {
                    Assert.False(world._released, "a released span is free");
                }

                Assert.True(_span is null || world._released, "a span is not reused before it is released");
            }
            else if (_map is null)
            {
                Assert.True(world._map.Reference.IsDrained, "nobody is inside the old map when the new one comes");
                _map = world._world.Map(_span, "next");
                Assert.Same(_map, memory.PageMaps.Find(world.First));
            }
            else
            {
                _map.Remove();
                memory.Resources.Release(_span);
                IsDone = true;
            }
        }
    }
}
