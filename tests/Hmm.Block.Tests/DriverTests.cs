// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Linux;
using Hmm.Modules.Block;
using Hmm.Uapi;

namespace Hmm.Block.Tests;

/// <summary>How devices are made, and what is refused.</summary>
public sealed class DriverTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _said = [];

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ScratchDeviceSaysHowItIsReached()
    {
        using var device = Create(("folder", _folder.Path), ("size", "64MiB"));
        Assert.Equal(64UL << 20, device.SizeBytes);
        Assert.Contains(_folder.Path, device.Description, StringComparison.Ordinal);
        var ring = FileIo.ProbeRing();
        Assert.Contains(ring.Length == 0 ? "io_uring, O_DIRECT" : ring, device.Description, StringComparison.Ordinal);
        Assert.Empty(_said); // a private host's standard error is its application's
    }

    [Fact]
    public void WithoutIoUringTheReasonIsSaid()
    {
        using var device = Create(("folder", _folder.Path), ("size", "64MiB"), ("io_uring", "no"), ("workers", "2"));
        Assert.StartsWith("2 workers, ", device.Description, StringComparison.Ordinal);
        Assert.Contains("no io_uring: not asked for", device.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("workers", "0", "workers must be 1 to 64")]
    [InlineData("workers", "65", "workers must be 1 to 64")]
    [InlineData("size", "100", "size must be 4 KiB")]
    [InlineData("size", "16384GiB", "size must be 4 KiB")]
    [InlineData("encrypt", "perhaps", "must be true or false")]
    public void ParametersThatCannotBeAreRefused(string name, string value, string part) =>
        AssertRefused(Errno.EINVAL, part, ("folder", _folder.Path), (name, value));

    [Fact]
    public void NewFileIsClaimedAndTakenAgain()
    {
        var path = _folder.File("disk");
        File.WriteAllBytes(path, []);
        for (var start = 0; start < 2; start++)
        {
            using var device = Create(("path", path), ("size", "20MiB"));
            Assert.Equal(20UL << 20, device.SizeBytes);
            AssertRefused(Errno.EBUSY, "another program or host uses it", ("path", path), ("force", "yes"));
        }

        Assert.StartsWith("Hmm.NET block device", File.ReadLines(path).First(), StringComparison.Ordinal);
    }

    [Fact]
    public void FileOfSomebodyElseIsLeftAloneWithoutForce()
    {
        var path = _folder.File("disk");
        var theirs = new byte[100_000];
        new Random(1).NextBytes(theirs);
        File.WriteAllBytes(path, theirs);
        AssertRefused(Errno.EEXIST, "add force=true to overwrite it", ("path", path), ("size", "20MiB"));
        Assert.Equal(theirs, File.ReadAllBytes(path));
        using var device = Create(("path", path), ("size", "20MiB"), ("force", "yes"));
        Assert.Equal(20UL << 20, device.SizeBytes);
    }

    [Fact]
    public void LogIsNeverMoreThanFourFifthsFull()
    {
        foreach (var size in (ulong[])[4096, 1 << 20, 64 << 20, 1UL << 30, (1UL << 40) + 4096])
        {
            var file = LogSize.FileBytesFor(size);
            Assert.True(size * 5 / 4 <= file, $"{size} in {file}");
            Assert.True(size <= LogSize.FrameBytesOf(file), $"{size} in {file}");
            Assert.True(file <= (size * 5 / 4) + (16UL << 20), $"{size} in {file}");
        }
    }

    private IDriverDevice Create(params (string Name, string Value)[] given)
    {
        var driver = new BlockDriver(_said.Add);
        var values = ParameterValues.Parse(
            "driver block", driver.Parameters, given.ToDictionary(one => one.Name, one => one.Value));
        return driver.CreateDevice("block0", values);
    }

    private void AssertRefused(Errno errno, string part, params (string Name, string Value)[] given)
    {
        var refused = Assert.Throws<HmmException>(() => Create(given).Dispose());
        Assert.Equal(errno, refused.Errno);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }
}
