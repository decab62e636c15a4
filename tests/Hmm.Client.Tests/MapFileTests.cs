// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Connection;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Client.Tests;

public sealed class MapFileTests : ConnectedTests
{
    [Fact]
    public void ShowsTheWholeElementsOfAFile()
    {
        using var file = new TemporaryFile(Enumerable.Range(0, 8195).Select(i => (byte)i).ToArray());
        using var array = Host.MapFile<int>(file.Path);
        var request = Wire.Last<CreateRangeRequest>(Operation.CreateRange);

        Assert.Equal(2048, array.Length);
        Assert.Equal(0x03020100, array[0]);
        Assert.Equal(RangeKind.FilePrivate, request.Kind);
        Assert.Equal(8195UL, request.FileBytes);
        Assert.Equal(12288UL, request.LengthBytes);
        Assert.Equal(Path.GetFileName(file.Path), request.Name.ToString());
    }

    [Fact]
    public void SaysWhenTheFileGetsTheWrites()
    {
        using var file = new TemporaryFile(new byte[100]);
        using var array = Host.MapFile<byte>(file.Path, HmmMapMode.Shared);

        Assert.Equal(RangeKind.FileShared, Wire.Last<CreateRangeRequest>(Operation.CreateRange).Kind);
    }

    [Fact]
    public void TellsOnDisposeThatASharedFileWasNotWritten()
    {
        using var file = new TemporaryFile(new byte[100]);
        var live = Host.MapFile<byte>(file.Path, HmmMapMode.Shared);
        Wire.Fail(Operation.CloseRange, Errno.EIO, "The file could not be written.");

        Assert.Equal(Errno.EIO, Assert.Throws<HmmException>(live.Dispose).Errno);
        live.Dispose();
        Assert.Throws<ObjectDisposedException>(() => live[0]);

        var second = Host.MapFile<byte>(file.Path, HmmMapMode.Shared);
        Assert.Equal(Errno.EIO, Assert.Throws<HmmException>(Host.Dispose).Errno);
        Assert.Throws<ObjectDisposedException>(() => second[0]);
    }

    [Fact]
    public void RefusesWhatIsNoFileToMap()
    {
        AssertRefused("/tmp/hmm-there-is-no-such-file", Errno.ENOENT, "no file");
        AssertRefused("/tmp/hmm-no-such-folder/file", Errno.ENOENT, "no file");
        AssertRefused("/tmp", Errno.EISDIR, "directory");
        AssertRefused("/dev/null", Errno.EINVAL, "/dev/null");
        using var empty = new TemporaryFile([]);
        AssertRefused(empty.Path, Errno.EINVAL, "empty");
        using var small = new TemporaryFile(new byte[7]);
        AssertRefused(small.Path, Errno.EINVAL, "7 bytes");
    }

    [Fact]
    public void RefusesMisuse()
    {
        Assert.Throws<ArgumentNullException>(() => Host.MapFile<byte>(null!));
        Assert.Throws<ArgumentException>(() => Host.MapFile<byte>(string.Empty));
        Assert.Throws<ArgumentOutOfRangeException>(() => Host.MapFile<byte>("/etc/hostname", (HmmMapMode)2));
    }

    [FactUnlessRoot]
    public void RefusesAFileThatMayNotBeReadOrWritten()
    {
        using var file = new TemporaryFile(new byte[100]);
        File.SetUnixFileMode(file.Path, UnixFileMode.UserRead);
        var written = Assert.Throws<HmmException>(() => Host.MapFile<byte>(file.Path, HmmMapMode.Shared));
        Assert.Equal(Errno.EACCES, written.Errno);
        File.SetUnixFileMode(file.Path, UnixFileMode.None);
        AssertRefused(file.Path, Errno.EACCES, "may not be read");
    }

    [Theory]
    [InlineData(HmmMapMode.Private, "may not be read by this user; change its mode or owner.")]
    [InlineData(HmmMapMode.Shared, "this user; change its mode or owner, or map it privately.")]
    public void SaysWhatToDoAboutPermissions(HmmMapMode mode, string sentence)
    {
        var explained = MappableFile.Explain("/data", mode, new UnauthorizedAccessException());

        Assert.Equal(Errno.EACCES, explained.Errno);
        Assert.EndsWith(sentence, explained.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void KeepsTheSystemsErrorNumber()
    {
        // A program that runs cannot be opened for writing: ETXTBSY, 26.
        var refused = Assert.Throws<HmmException>(
            () => Host.MapFile<byte>(Environment.ProcessPath!, HmmMapMode.Shared));

        Assert.Equal((Errno)26, refused.Errno);
        Assert.Contains(Environment.ProcessPath!, refused.Message, StringComparison.Ordinal);
    }

    private void AssertRefused(string path, Errno errno, string words)
    {
        var refused = Assert.Throws<HmmException>(() => Host.MapFile<long>(path));
        Assert.Equal(errno, refused.Errno);
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }
}
