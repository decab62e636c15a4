// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Uapi;
using Xunit;

namespace Hmm.Core.Tests.Devices;

public sealed class ManagedResourcesTests
{
    private readonly Device _device = new("disk", new PhysicalMemory(Pfn.SizeBytes));
    private readonly List<string> _undone = [];

    private ManagedResources Managed => _device.Managed;

    [Fact]
    public void UndoesNewestFirst()
    {
        Add(Managed, "a", "b", "c");
        _device.Remove();
        Assert.Equal(["c", "b", "a"], _undone);
        _device.Remove();
        Assert.Equal(3, _undone.Count);
    }

    [Fact]
    public void UndoesAtOnceWhatItCannotRegister()
    {
        _device.Remove();
        var error = Assert.Throws<HmmException>(() => Add(Managed, "late"));
        Assert.Equal(Errno.ENODEV, error.Errno);
        Assert.Equal(["late"], _undone);
    }

    [Fact]
    public void KeepsTheFailureOfAnUndoThatRanAtOnce()
    {
        Managed.Close();
        var error = Assert.Throws<HmmException>(() => Managed.Add(() => throw new FormatException("broken"), "late"));
        Assert.IsType<FormatException>(error.InnerException);
    }

    [Fact]
    public void RefusesMoreThanItsLimitAndUndoesThat()
    {
        for (var i = 0; i < ManagedResources.EntriesMax; i++)
        {
            Managed.Add(static () => { }, "entry");
        }

        var error = Assert.Throws<HmmException>(() => Add(Managed, "one more"));
        Assert.Equal(Errno.ENOMEM, error.Errno);
        Assert.Equal(["one more"], _undone);
        Assert.Equal(Errno.ENOMEM, Assert.Throws<HmmException>(() => Managed.OpenGroup("group")).Errno);
    }

    [Fact]
    public void AnUndoThatThrowsDoesNotStopTheOthers()
    {
        Add(Managed, "a");
        Managed.Add(() => throw new FormatException("broken"), "b");
        var group = Managed.OpenGroup("group");
        Add(group, "c");
        group.Add(() => throw new FormatException("broken too"), "d");
        Add(group, "e");
        var error = Assert.Throws<AggregateException>(_device.Remove);
        Assert.Equal(["e", "c", "a"], _undone);
        Assert.Equal(2, error.InnerExceptions.Count);
        Assert.Equal(error.InnerExceptions, Managed.Failures);
        Assert.Contains("'d'", Managed.Failures[0].Message, StringComparison.Ordinal);
        Assert.Contains("'b'", Managed.Failures[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RollsAGroupBackAlone()
    {
        Add(Managed, "a");
        var group = Managed.OpenGroup("set-up");
        Add(group, "b", "c");
        Add(Managed, "d");
        group.Release();
        Assert.Equal(["c", "b"], _undone);
        Assert.Equal(2, Managed.Count);
        Assert.Throws<HmmException>(() => Add(group, "late"));
        _device.Remove();
        Assert.Equal(["c", "b", "late", "d", "a"], _undone);
    }

    [Fact]
    public void UndoesAGroupInItsPlace()
    {
        Add(Managed, "a");
        var group = Managed.OpenGroup("set-up");
        Add(Managed, "d");
        Add(group, "b", "c");
        group.Close();
        Assert.Throws<HmmException>(() => Add(group, "late"));
        _undone.Clear();
        _device.Remove();
        Assert.Equal(["d", "c", "b", "a"], _undone);
    }

    [Fact]
    public void DissolvesAGroupIntoItsPlace()
    {
        Add(Managed, "a");
        var group = Managed.OpenGroup("set-up");
        Add(group, "b", "c");
        Add(Managed, "d");
        group.Dissolve();
        Assert.Equal(4, Managed.Count);
        Assert.Throws<InvalidOperationException>(group.Dissolve);
        Assert.Throws<InvalidOperationException>(Managed.Dissolve);
        group.Release();
        Assert.Empty(_undone);
        _device.Remove();
        Assert.Equal(["d", "c", "b", "a"], _undone);
    }

    [Fact]
    public void NestsGroups()
    {
        var outer = Managed.OpenGroup("outer");
        Add(outer, "a");
        var inner = outer.OpenGroup("inner");
        Add(inner, "b");
        Add(outer, "c");
        outer.Release();
        Assert.Equal(["c", "b", "a"], _undone);
        Assert.Equal(0, Managed.Count);
    }

    [Fact]
    public void UndoesOneEarly()
    {
        Action undo = () => _undone.Add("early");
        Managed.Add(undo, "early");
        Add(Managed, "a");
        Assert.True(Managed.Undo(undo));
        Assert.False(Managed.Undo(undo));
        _device.Remove();
        Assert.Equal(["early", "a"], _undone);
    }

    [Fact]
    public void RunsEveryUndoOnceUnderConcurrentAddsAndRemoval()
    {
        for (var round = 0; round < 200; round++)
        {
            var device = new Device("disk", new PhysicalMemory(Pfn.SizeBytes));
            var (acquired, undone) = (0, 0);
            Parallel.For(0, 4, worker =>
            {
                for (var i = 0; i < 50; i++)
                {
                    if (worker == 0 && i == 25)
                    {
                        device.Remove();
                    }

                    Interlocked.Increment(ref acquired);
                    try
                    {
                        device.Managed.Add(() => Interlocked.Increment(ref undone), "entry");
                    }
                    catch (HmmException exception) when (exception.Errno == Errno.ENODEV)
                    {
                        // Undone at once.
                    }
                }
            });
            Assert.Equal((200, 200), (acquired, undone));
        }
    }

    private void Add(ManagedResources managed, params string[] names)
    {
        foreach (var name in names)
        {
            managed.Add(() => _undone.Add(name), name);
        }
    }
}
