// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Core.Policies;
using Hmm.Uapi;

namespace Hmm.Simulation.Tests.Policies;

/// <summary>How far devices are from each other, how pages go, and which one is the nearest.</summary>
public sealed class PeerLinkTests
{
    private const int Frames = 64;

    private readonly PhysicalMemory _physical = new(1 << 20);
    private readonly Placement _placement = new();

    [Theory]
    [InlineData("", "", 0)]
    [InlineData("pci0/a", "pci0/a", 0)]
    [InlineData("pci0/dev.0", "pci0/dev.1", 2)]
    [InlineData("pci0/switch/port0/x", "pci0/switch/port1/y", 4)]
    [InlineData("", "pci0/switch/port0/x", 4)]
    [InlineData("pci0/a", "pci1/b/c", 5)]
    public void StepsAreCountedAsTheKernelDoes(string left, string right, int steps)
    {
        Assert.Equal(steps, PeerLink.StepsBetween(left, right));
        Assert.Equal(steps, PeerLink.StepsBetween(right, left));
    }

    [Fact]
    public void PagesGoDirectWhereTheEndsShareAForm()
    {
        var lz4 = Add("lz4", "", PageEncoding.Lz4, PageEncoding.Lz4);
        var zstd = Add("zstd", "", PageEncoding.Zstd, PageEncoding.Zstd);
        var disk = Add("disk", "pci0/x", PageEncoding.Plain, PageEncoding.Plain, PageEncoding.Lz4);
        Assert.Equal(PeerMapType.Direct, Way(lz4, disk).Type);
        Assert.Equal(PeerMapType.Direct, Way(disk, lz4).Type);
        Assert.Equal(PeerMapType.Bounced, Way(zstd, disk).Type);
        Assert.Equal(PeerMapType.Bounced, Way(lz4, zstd).Type);
        Assert.Equal(2, Way(lz4, disk).Distance);
    }

    [Fact]
    public void ALinkIsKeptUntilOneOfItsEndsGoes()
    {
        var one = Add("one", "", PageEncoding.Plain);
        var other = Add("other", "", PageEncoding.Plain);
        Way(one, other).Count(direct: true, 3);
        Way(one, other).Count(direct: false, 2);
        Assert.Equal((3L, 2L), (Way(one, other).DirectFrames, Way(one, other).BouncedFrames));
        Assert.Equal(0, Way(other, one).DirectFrames);
        _placement.Remove(other);
        Assert.Equal(0, Way(one, other).DirectFrames);
    }

    [Fact]
    public void AShortDeviceSinksToTheNearestThatHasRoom()
    {
        var first = Add("first", "pci0/switch/port0/x", PageEncoding.Plain);
        var far = Add("far", "pci1/y", PageEncoding.Plain);
        var near = Add("near", "pci0/switch/port1/z", PageEncoding.Plain);
        Assert.False(_placement.TryFindShort(out _, out _), "none is short yet");
        Take(first, Frames);
        Assert.Equal(near, Nearest(first));
        Take(near, Frames);
        Assert.Equal(far, Nearest(first));
    }

    [Fact]
    public void OfDevicesAsFarAsEachOtherTheDirectOneAndThenTheFirstTakesPages()
    {
        var first = Add("first", "", PageEncoding.Lz4, PageEncoding.Lz4);
        var slow = Add("bounced", "pci0/a", PageEncoding.Zstd, PageEncoding.Zstd);
        var same = Add("direct", "pci0/b", PageEncoding.Plain, PageEncoding.Lz4);
        Add("direct too", "pci0/c", PageEncoding.Plain, PageEncoding.Lz4);
        Take(first, Frames);
        Assert.Equal(same, Nearest(first));
        _placement.Remove(same);
        Assert.NotEqual(slow, Nearest(first));
    }

    [Fact]
    public void ADeviceThatIsBeingRemovedTakesNone()
    {
        var first = Add("first", "", PageEncoding.Plain);
        var going = Add("going", "", PageEncoding.Plain);
        Take(first, Frames);
        going.SuspendAllocation();
        Assert.False(_placement.TryFindShort(out _, out _), "there is no other");
        going.ResumeAllocation();
        Assert.Equal(going, Nearest(first));
    }

    [Fact]
    public void ADeviceWhoseMediumIsNearlyFullSinksAndTakesNone()
    {
        var first = Add("first", "", PageEncoding.Plain);
        var other = Add("other", "", PageEncoding.Plain);
        Medium(first).FullPermille = 930;
        Assert.False(_placement.TryFindShort(out _, out _), "a sixteenth is free yet");
        Medium(first).FullPermille = 940;
        Assert.Equal(other, Nearest(first));
        Medium(first).FullPermille = 890;
        Assert.Equal(other, Nearest(first));
        Medium(other).FullPermille = 900;
        Assert.False(_placement.TryFindShort(out _, out _), "the other has no room to spare");
        Medium(other).FullPermille = 0;
        Medium(first).FullPermille = 870;
        Assert.False(_placement.TryFindShort(out _, out _), "an eighth is free again");
    }

    [Fact]
    public void PagesSinkOnlyWhereGivingUpCopiesDidNotHelp()
    {
        var first = Add("first", "", PageEncoding.Plain);
        Add("other", "", PageEncoding.Plain);
        Medium(first).FullPermille = 950;
        Assert.True(_placement.TryFindShort(out var shortOne, out _));
        Assert.True(shortOne.HasCopies, "nobody has looked yet");
        shortOne.HasCopies = false;
        Medium(first).FullPermille = 930;
        Assert.False(shortOne.MustSink(), "copies that were given up are a sixteenth");
        Assert.True(shortOne.HasCopies, "the next time they are looked for again");
        Assert.False(_placement.TryFindShort(out _, out _), "that is enough for now");

        shortOne.HasCopies = false;
        Medium(first).FullPermille = 950;
        Assert.True(_placement.TryFindShort(out _, out _) && shortOne.MustSink());
        Medium(first).FullPermille = 890;
        Assert.True(_placement.TryFindShort(out _, out _) && shortOne.MustSink(), "until an eighth is free");
        Assert.False(shortOne.HasCopies, "and nobody looks for copies meanwhile");
        Medium(first).FullPermille = 870;
        Assert.False(_placement.TryFindShort(out _, out _));
    }

    private static Peer Medium(DeviceMemory device) => (Peer)device.PageMap.Ops;

    private DeviceMemory Add(string name, string location, PageEncoding encoding, params PageEncoding[] accepts)
    {
        var device = DeviceMemory.Add(
            new Peer(location, encoding, accepts), new Device(name, _physical), Frames * Pfn.SizeBytes);
        _placement.Add(device);
        return device;
    }

    private PeerLink Way(DeviceMemory from, DeviceMemory to) => _placement.Peers.Between(from.PageMap, to.PageMap);

    private static void Take(DeviceMemory device, int frames)
    {
        while (frames > 0)
        {
            Assert.True(device.TryAllocateRun(frames, out _, out var taken));
            frames -= taken;
        }
    }

    private DeviceMemory Nearest(DeviceMemory from)
    {
        Assert.True(_placement.TryFindShort(out var shortOne, out var to));
        Assert.Equal(from, shortOne.Device);
        return to;
    }

    /// <summary>A device that is somewhere and takes some forms of pages.</summary>
    private sealed class Peer(string location, PageEncoding encoding, PageEncoding[] accepts)
        : IDriverDevice, IPeerMemoryOps
    {
        public ulong SizeBytes => Frames * Pfn.SizeBytes;

        public string Location => location;

        public int FullPermille { get; set; }

        public PageEncoding Encoding => encoding;

        public bool Accepts(PageEncoding other) => accepts.Contains(other);

        public void Attach(DeviceMemory memory, Pfn first)
        {
        }

        public void Export(PeerBatch batch) => throw new NotSupportedException();

        public void Import(PeerBatch batch) => throw new NotSupportedException();

        public void Fault(CopyBatch batch) => throw new NotSupportedException();

        public void Evict(CopyBatch batch) => throw new NotSupportedException();

        public void Free(Pfn first, int frameCount)
        {
        }

        public void Dispose()
        {
        }
    }
}
