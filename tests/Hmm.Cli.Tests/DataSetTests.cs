// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Demo;
using Hmm.Cli.Tests.Support;

namespace Hmm.Cli.Tests;

public sealed class DataSetTests
{
    [Fact]
    public void FilesLieInOrderOfPathEachAtAMultipleOf8()
    {
        using var folder = new TemporaryFolder();
        folder.Write("b", new byte[9]);
        folder.Write("a/x", new byte[1]);
        folder.Write("a/empty", []);
        var data = DataSet.Find(folder.Path);
        Assert.Equal(["x", "b"], data.Files.Select(file => Path.GetFileName(file.Path)));
        Assert.Equal([0, 8], data.Files.Select(file => file.Offset));
        Assert.Equal(10, data.FileBytes);
        Assert.Equal(24, data.PaddedBytes);
    }

    [Fact]
    public void LinksAreNotFollowed()
    {
        using var folder = new TemporaryFolder();
        folder.Write("file", new byte[1]);
        File.CreateSymbolicLink(Path.Combine(folder.Path, "link"), Path.Combine(folder.Path, "file"));
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "round"), folder.Path);
        Assert.Single(DataSet.Find(folder.Path).Files);
    }

    [Fact]
    public void OneFileWillDo()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(3, DataSet.Find(folder.Write("f", new byte[3])).FileBytes);
    }

    [Fact]
    public void TheDefaultIsTheInstallationThatRuns()
    {
        var data = DataSet.Find(null);
        Assert.True(data.FileBytes > 50 << 20, $"{data.Root} has {data.FileBytes} bytes");
        Assert.Contains(
            data.Files, file => file.Path.EndsWith("/System.Private.CoreLib.dll", StringComparison.Ordinal));
    }

    [Fact]
    public void NoBytesAreRefused()
    {
        using var folder = new TemporaryFolder();
        var empty = folder.Write("empty", []);
        foreach (var path in new[] { folder.Path, empty, Path.Combine(folder.Path, "gone") })
        {
            var refused = Assert.Throws<CommandException>(() => DataSet.Find(path));
            Assert.Equal(ExitCode.Data, refused.ExitCode);
            Assert.Contains("--data PATH", refused.Message, StringComparison.Ordinal);
        }
    }
}
