// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Linux.Tests;

/// <summary>Memory limits of control groups, from samples of real systems.</summary>
public sealed class CgroupTextTests
{
    private const string Version2Mount =
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    private const string Version1Root = "/sys/fs/cgroup/memory/memory.limit_in_bytes";
    private const string Version1Mounts =
        "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
        + "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";

    [Fact]
    public void Version2IsFollowedUpToTheRoot()
        => Assert.Equal(
            [
                "/sys/fs/cgroup/user.slice/user-1000.slice/app.scope/memory.max",
                "/sys/fs/cgroup/user.slice/user-1000.slice/memory.max",
                "/sys/fs/cgroup/user.slice/memory.max",
                "/sys/fs/cgroup/memory.max",
            ],
            CgroupText.LimitFiles("0::/user.slice/user-1000.slice/app.scope\n", Version2Mount));

    [Fact]
    public void Version2InAContainerIsItsOwnRoot()
        => Assert.Equal(["/sys/fs/cgroup/memory.max"], CgroupText.LimitFiles("0::/\n", Version2Mount));

    [Fact]
    public void Version1HasItsOwnHierarchyAndName()
        => Assert.Equal(
            [
                "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
                Version1Root,
            ],
            CgroupText.LimitFiles("5:devices:/docker/abc\n4:memory:/docker/abc\n1:cpu:/\n", Version1Mounts));

    [Fact]
    public void Version1InAContainerIsCutByWhatIsMounted()
    {
        const string Mounts = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro,relatime - cgroup cgroup rw,memory\n";
        Assert.Equal([Version1Root], CgroupText.LimitFiles("4:memory:/docker/abc\n", Mounts));
        Assert.Equal(
            ["/sys/fs/cgroup/memory/inner/memory.limit_in_bytes", Version1Root],
            CgroupText.LimitFiles("4:memory:/docker/abc/inner\n", Mounts));
        Assert.Equal([Version1Root], CgroupText.LimitFiles("4:memory:/docker/abcd\n", Mounts));
    }

    [Fact]
    public void BothVersionsAtOnceNameBoth()
        => Assert.Equal(
            ["/sys/fs/cgroup/memory/a/memory.limit_in_bytes", Version1Root, "/sys/fs/cgroup/memory.max"],
            CgroupText.LimitFiles("4:cpu,memory:/a\n0::/\n", Version1Mounts + Version2Mount));

    [Fact]
    public void PathOutsideTheNamespaceFallsBackToTheMount()
        => Assert.Equal(["/sys/fs/cgroup/memory.max"], CgroupText.LimitFiles("0::/../../other\n", Version2Mount));

    [Fact]
    public void EscapedBlanksAreRead()
        => Assert.Equal(
            ["/my cgroup/memory.max"],
            CgroupText.LimitFiles("0::/\n", "30 23 0:26 / /my\\040cgroup rw - cgroup2 cgroup2 rw\n"));

    [Theory]
    [InlineData("", "")]
    [InlineData("0::/a\n", "")]
    [InlineData("", Version2Mount)]
    [InlineData("garbage\n::\n", "garbage - \n")]
    public void NoControlGroupsMeansNoLimit(string cgroup, string mounts)
        => Assert.Empty(CgroupText.LimitFiles(cgroup, mounts));

    [Theory]
    [InlineData("536870912\n", true, 536870912UL)]
    [InlineData("max\n", false, 0UL)]
    [InlineData("9223372036854771712\n", false, 9223372036854771712UL)]
    [InlineData("", false, 0UL)]
    [InlineData("-1\n", false, 0UL)]
    public void LimitIsANumberBelowNoLimit(string text, bool limited, ulong bytes)
    {
        Assert.Equal(limited, CgroupText.TryParseLimit(text, out var parsed));
        Assert.Equal(bytes, parsed);
    }
}
