// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Virtual;

public sealed class PageEntryTests
{
    [Fact]
    public void ZeroIsAPageThatWasNeverTouched()
    {
        var entry = new PageEntry(0);
        Assert.Equal(PageState.Absent, entry.State);
        Assert.False(entry.HasFrame || entry.IsPending || entry.IsQueued || entry.IsResident || entry.IsOwned);
        Assert.Equal(0, entry.Pins);
    }

    [Fact]
    public void EveryFieldKeepsItsValueWhateverTheOthersAre()
    {
        var random = new SeededRandom(7);
        for (var i = 0; i < 10_000; i++)
        {
            var state = (PageState)random.Next(7);
            var pins = random.Between(0, PageEntry.PinsMax);
            var frame = new Pfn(random.NextBits() >> (64 - Pfn.Bits));
            var (queued, pending, hasFrame) = (random.Chance(500), random.Chance(500), random.Chance(500));
            var entry = new PageEntry(random.NextBits()).WithPins(pins).In(state);
            entry = queued ? entry.WithQueued() : entry.WithoutQueued();
            entry = hasFrame ? entry.WithFrame(frame) : entry.WithoutFrame();
            Assert.False(entry.IsPending, "another state has nobody waiting");
            entry = pending ? entry.WithPending() : entry;
            Assert.Equal((state, pins, queued, pending, hasFrame),
                (entry.State, entry.Pins, entry.IsQueued, entry.IsPending, entry.HasFrame));
            Assert.Equal(hasFrame ? frame : default, hasFrame ? entry.Frame : default);
        }
    }

    [Theory]
    [InlineData(nameof(PageState.Absent), false, false)]
    [InlineData(nameof(PageState.Busy), false, true)]
    [InlineData(nameof(PageState.Clean), true, false)]
    [InlineData(nameof(PageState.Dirty), true, false)]
    [InlineData(nameof(PageState.Evicting), false, true)]
    [InlineData(nameof(PageState.Migrating), false, true)]
    [InlineData(nameof(PageState.Poisoned), false, false)]
    public void AStateIsResidentOwnedOrNeither(string state, bool resident, bool owned)
    {
        var entry = new PageEntry(0).In(Enum.Parse<PageState>(state));
        Assert.Equal((resident, owned), (entry.IsResident, entry.IsOwned));
    }

    [Fact]
    public void TheTextNamesWhatIsSet() =>
        Assert.Equal("Evicting+pending+queued pins 3 pfn 0x1f", new PageEntry(0)
            .In(PageState.Evicting).WithPending().WithQueued()
            .WithPins(3).WithFrame(new Pfn(31)).ToString());
}
