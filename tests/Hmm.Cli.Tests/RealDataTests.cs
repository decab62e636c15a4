// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;
using Hmm.Cli.Tests.Support;

namespace Hmm.Cli.Tests;

/// <summary>Pages of real files, for <c>hmm bench --data</c>.</summary>
public sealed class RealDataTests
{
    [Fact]
    public void GoesThroughTheFilesInOrderAndBeginsAgain()
    {
        using var folder = new TemporaryFolder();
        folder.Write("b/second.bin", [.. Enumerable.Repeat((byte)2, 3000)]);
        folder.Write("a/first.bin", [.. Enumerable.Repeat((byte)1, 3000)]);
        folder.Write("c/empty.bin", []);
        using var data = RealData.Open(folder.Path);
        var page = new ulong[PageWriter.PageWords];
        page[0] = 7;
        data.Fill(page);
        var bytes = MemoryMarshal.AsBytes(page.AsSpan(PageWriter.TagWords)).ToArray();

        Assert.Equal(7UL, page[0]);
        Assert.Equal(new string('1', 3000) + new string('2', bytes.Length - 3000), string.Concat(bytes));
        data.Fill(page);
        Assert.Equal(2, MemoryMarshal.AsBytes(page.AsSpan(PageWriter.TagWords))[0]);
        Assert.Equal(1, MemoryMarshal.AsBytes(page.AsSpan(PageWriter.TagWords))[^1]);
    }

    [Fact]
    public void RefusesAFolderWithoutBytes()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(
            ExitCode.Data, Assert.Throws<CommandException>(() => RealData.Open(folder.Path)).ExitCode);
    }
}
