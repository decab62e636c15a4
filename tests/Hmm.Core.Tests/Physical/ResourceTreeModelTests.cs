// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Uapi;
using Xunit;

namespace Hmm.Core.Tests.Physical;

/// <summary>
/// The tree against a list of spans and a look at every address, on a window of 128 addresses.
/// </summary>
public sealed class ResourceTreeModelTests
{
    private const int Window = 128;
    private const int NodesMax = 24;

    [Fact]
    public void AgreesWithADumbModelOver100000Operations() => Seeded.Run(31, 20, random =>
    {
        var tree = new ResourceTree();
        var root = tree.Request(null, 0, Window, "window", ResourceKind.Generic);
        var model = new List<Resource> { root };
        for (var i = 0; i < 5_000; i++)
        {
            Step(random, tree, model);
        }

        Assert.Equal(model.OrderBy(r => r.Start).ThenBy(Depth), tree.Walk().Select(entry => entry.Resource));
        Assert.All(tree.Walk(), entry => Assert.Equal(Depth(entry.Resource), entry.Depth));
    });

    private static void Step(Random random, ResourceTree tree, List<Resource> model)
    {
        // A crowded window is slow for the model and dull for the tree: then mostly release.
        switch (model.Count > NodesMax ? random.Next(2, 4) : random.Next(4))
        {
            case 0:
                Request(random, tree, model);
                break;
            case 1:
                RequestFree(random, tree, model);
                break;
            case 2:
                Release(random, tree, model);
                break;
            default:
                Intersects(random, tree, model);
                break;
        }
    }

    private static void Request(Random random, ResourceTree tree, List<Resource> model)
    {
        var parent = model[random.Next(model.Count)];
        var start = (ulong)random.Next(Window);
        var size = (ulong)random.Next(1, 20);
        var expected =
            start < parent.Start || start + size - 1 > parent.End ? Errno.EINVAL :
            !IsFree(model, parent, start, size) ? Errno.EBUSY :
            Errno.None;
        Claim(model, expected, () => tree.Request(parent, start, size, "node", RandomKind(random)));
    }

    private static void RequestFree(Random random, ResourceTree tree, List<Resource> model)
    {
        var parent = model[random.Next(model.Count)];
        var size = (ulong)random.Next(1, 20);
        var alignment = 1UL << random.Next(6);
        var direction = (SearchDirection)random.Next(2);
        var starts = Enumerable.Range(0, Window)
            .Select(i => (ulong)i)
            .Where(s => s % alignment == 0 && s >= parent.Start && s + size - 1 <= parent.End)
            .Where(s => IsFree(model, parent, s, size))
            .ToList();
        var claimed = Claim(
            model,
            starts.Count == 0 ? Errno.ERANGE : Errno.None,
            () => tree.RequestFree(size, alignment, "free", RandomKind(random), direction, parent));
        if (claimed is not null)
        {
            Assert.Equal(direction == SearchDirection.TopDown ? starts[^1] : starts[0], claimed.Start);
        }
    }

    private static void Release(Random random, ResourceTree tree, List<Resource> model)
    {
        var resource = model[random.Next(model.Count)];
        if (model.Exists(other => other.Parent == resource))
        {
            Assert.Equal(Errno.EBUSY, Assert.Throws<HmmException>(() => tree.Release(resource)).Errno);
        }
        else if (model[0] != resource)
        {
            tree.Release(resource);
            model.Remove(resource);
        }
    }

    private static void Intersects(Random random, ResourceTree tree, List<Resource> model)
    {
        var start = random.Next(Window);
        var size = random.Next(1, Window - start + 1);
        var kind = RandomKind(random);
        var (ofKind, ofOther) = (false, false);
        for (var address = start; address < start + size; address++)
        {
            var chain = model.Where(r => r.Contains((ulong)address)).ToList();
            ofKind |= chain.Exists(r => r.Kind == kind);
            ofOther |= chain.Count > 0 && chain.TrueForAll(r => r.Kind != kind);
        }

        var expected = !ofKind ? Intersection.Disjoint : ofOther ? Intersection.Mixed : Intersection.Intersects;
        Assert.Equal(expected, tree.Intersects((ulong)start, (ulong)size, kind));
    }

    private static Resource? Claim(List<Resource> model, Errno expected, Func<Resource> claim)
    {
        if (expected != Errno.None)
        {
            Assert.Equal(expected, Assert.Throws<HmmException>(claim).Errno);
            return null;
        }

        var resource = claim();
        model.Add(resource);
        return resource;
    }

    private static bool IsFree(List<Resource> model, Resource parent, ulong start, ulong size) =>
        !model.Exists(r => r.Parent == parent && r.Start <= start + size - 1 && start <= r.End);

    private static int Depth(Resource resource)
    {
        var depth = 0;
        for (var at = resource.Parent; at is not null; at = at.Parent)
        {
            depth++;
        }

        return depth;
    }

    private static ResourceKind RandomKind(Random random) => (ResourceKind)random.Next(6);
}
