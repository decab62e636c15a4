// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux.Tests.Support;

namespace Hmm.Linux.Tests;

/// <summary>Where disks are, from samples and on this system.</summary>
public sealed class DiskLocationTests
{
    private const string MountInfo =
        """
        21 26 0:20 / /proc rw,relatime - proc proc rw
        24 23 0:22 / /dev/shm rw,relatime shared:3 - tmpfs tmpfs rw,size=24683620k
        30 1 0:25 / /data rw,relatime shared:1 master:2 - btrfs /dev/vdb rw,space_cache
        31 1 0:26 / / rw - overlay overlay rw,lowerdir=/a
        """;

    [Theory]
    [InlineData("/sys/devices/pci0000:00/0000:00:02.0/virtio1/block/vda", "pci0000:00/0000:00:02.0/virtio1")]
    [InlineData(
        "/sys/devices/pci0000:00/0000:00:1d.0/0000:3d:00.0/nvme/nvme0/block/nvme0n1/nvme0n1p2",
        "pci0000:00/0000:00:1d.0/0000:3d:00.0/nvme/nvme0")]
    [InlineData("/sys/devices/virtual/block/loop0", "virtual")]
    [InlineData("/somewhere", "disk")]
    public void AreWhatStandsBeforeTheDisk(string path, string location) =>
        Assert.Equal(location, DiskLocation.Strip(path));

    [Theory]
    [InlineData(25u, true, "/dev/vdb", false)]
    [InlineData(22u, false, "tmpfs", true)]
    [InlineData(26u, false, "overlay", false)]
    [InlineData(99u, false, "", false)]
    public void AreReadFromTheSourceOfAMount(uint minor, bool named, string source, bool inDram)
    {
        Assert.Equal(named, DiskLocation.TryReadSource(MountInfo, minor, out var read, out var memory));
        Assert.Equal((source, inDram), (read, memory));
    }

    [Fact]
    public void AreKnownOfAScratchFile()
    {
        using var folder = new TemporaryFolder();
        using var file = FileIo.CreateScratch(folder.Path, 1 << 20, 1);
        Assert.DoesNotContain("block", file.Location, StringComparison.Ordinal);
        Assert.False(file.Location.StartsWith('/'), file.Location);
        using var memory = FileIo.CreateScratch("/dev/shm", 1 << 20, 1);
        Assert.Equal(string.Empty, memory.Location);
    }
}
