// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Xunit;

namespace Hmm.Core.Tests.Physical;

/// <summary>
/// The index against a list of spans, with spans that gather around the borders of its levels.
/// </summary>
public sealed class PageMapIndexModelTests
{
    private const int MapsMax = 40;
    private static readonly int[] Borders = [8, 16, 24, 32, 39];
    private readonly PhysicalMemory _memory = new(Pfn.SizeBytes);

    [Fact]
    public void AgreesWithADumbModelOver100000Operations() => Seeded.Run(83, 20, random =>
    {
        var index = new PageMapIndex();
        var model = new List<PageMap>();
        for (var i = 0; i < 5_000; i++)
        {
            Step(random, index, model);
        }

        Assert.Equal(model.OrderBy(map => map.FrameSpans.Min(span => span.First.Value)), index.Snapshot());
        while (model.Count > 0)
        {
            Erase(index, model, 0);
        }

        Assert.True(index.IsEmpty, "every node below the root was unlinked with its last map");
    });

    private void Step(Random random, PageMapIndex index, List<PageMap> model)
    {
        switch (random.Next(6))
        {
            case 0 when model.Count < MapsMax:
                Insert(random, index, model);
                break;
            case 1 when model.Count > 0:
                Erase(index, model, random.Next(model.Count));
                break;
            default:
                Find(random, index, model);
                break;
        }

        Assert.Equal(model.Count, index.Count);
    }

    private void Insert(Random random, PageMapIndex index, List<PageMap> model)
    {
        var spans = new FrameSpan[random.Next(1, 4)];
        for (var i = 0; i < spans.Length; i++)
        {
            var first = RandomPfn(random);
            var frames = Math.Min(1UL << random.Next(18), (1UL << Pfn.Bits) - first.Value);
            frames = Math.Max(1, frames - (ulong)random.Next(2));
            var end = (first + (long)frames).Address - 1;
            var resource = new Resource("span", first.Address, end, ResourceKind.Generic, null);
            spans[i] = new FrameSpan(new PageMapSpan(resource), 0, null, "span");
        }

        var options = new PageMapOptions { Name = "map", Type = PageMapType.Generic, Owner = this, Spans = [] };
        var map = new PageMap(_memory, options, spans);
        var clash = spans.Where((span, i) =>
            spans.Take(i).Any(other => Overlap(span, other)) ||
            model.Exists(other => other.FrameSpans.Any(taken => Overlap(span, taken)))).ToList();
        var inserted = index.TryInsert(map, out var owner, out var taken);
        Assert.Equal(clash.Count == 0, inserted);
        if (inserted)
        {
            model.Add(map);
            return;
        }

        Assert.Same(clash[0], taken);
        Assert.True(owner == map || model.Contains(owner!));
        Array.ForEach(spans, span => span.Dispose());
    }

    private static void Erase(PageMapIndex index, List<PageMap> model, int at)
    {
        var map = model[at];
        index.Hide(map);
        Assert.All(map.FrameSpans, span => Assert.Null(index.Find(span.Last)));
        Assert.All(map.FrameSpans, span => Assert.Same(map, index.OwnerOf(span.Last)));
        index.Erase(map);
        model.RemoveAt(at);
        Assert.All(map.FrameSpans, span => Assert.Null(index.Find(span.First)));
        Array.ForEach(map.FrameSpans, span => span.Dispose());
    }

    private static void Find(Random random, PageMapIndex index, List<PageMap> model)
    {
        var pfn = RandomPfn(random);
        if (model.Count > 0 && random.Next(2) == 0)
        {
            // The borders of a span: first, last, one before, one after.
            var span = model[random.Next(model.Count)].FrameSpans[0];
            pfn = random.Next(4) switch
            {
                0 => span.First,
                1 => span.Last,
                2 => span.Last + 1,
                _ => span.First + -1,
            };
        }

        var expected = model.Find(map => map.Contains(pfn));
        Assert.Same(expected, index.Find(pfn));
        Assert.Equal(expected is not null, index.TryGet(pfn, out var got));
        Assert.Same(expected, got);
        got?.Reference.Put();
    }

    private static bool Overlap(FrameSpan left, FrameSpan right) =>
        left.First <= right.Last && right.First <= left.Last;

    private static Pfn RandomPfn(Random random)
    {
        var border = (ulong)random.Next(4) << Borders[random.Next(Borders.Length)];
        var offset = random.Next(-1 << random.Next(17), 1 << random.Next(17));
        return new Pfn((border + (ulong)offset) & ((1UL << Pfn.Bits) - 1));
    }
}
