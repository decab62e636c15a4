// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Linux.Tests;

/// <summary>What an error from the system reads like.</summary>
public sealed class LinuxErrorTests
{
    [Fact]
    public void MessageHasCallArgumentsWordsCauseAndNumber()
    {
        var error = LinuxError.Create(Errno.ENOSPC, "pwrite", "5, 4096", "the disk is full; free space");
        Assert.Equal(Errno.ENOSPC, error.Errno);
        Assert.Equal(
            "pwrite(5, 4096) failed, \"No space left on device\": the disk is full; free space. (ENOSPC)",
            error.Message);
    }

    [Fact]
    public void NumberWithoutANameKeepsItsValueAndTheSystemsWords()
    {
        var error = LinuxError.Create((Errno)39, "rmdir", "\"x\"");
        Assert.Equal(39, (int)error.Errno);
        Assert.Contains("Directory not empty", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("(39)", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Errno.EPERM)]
    [InlineData(Errno.ENOENT)]
    [InlineData(Errno.EMFILE)]
    [InlineData(Errno.ENOMEM)]
    [InlineData(Errno.ENOSPC)]
    [InlineData(Errno.EROFS)]
    [InlineData(Errno.ENOSYS)]
    public void CommonErrorsSayWhatToDo(Errno error)
    {
        var message = LinuxError.Create(error, "call", "").Message;
        Assert.Contains(';', message);
        Assert.DoesNotContain("errno(3)", message, StringComparison.Ordinal);
    }
}
