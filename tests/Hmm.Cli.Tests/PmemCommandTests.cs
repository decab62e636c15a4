// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Tests.Support;
using Hmm.Pmem;
using Hmm.Uapi;

namespace Hmm.Cli.Tests;

/// <summary><c>hmm pmem</c> on real files: what it lists, finds, removes and copies, and whom it refuses.</summary>
public sealed class PmemCommandTests
{
    [Fact]
    public void ListsChecksCopiesAndRemoves()
    {
        using var folder = new TemporaryFolder();
        var path = Make(folder, out var frame);
        var list = HmmProcess.Run("pmem", "list", path, "--json").Ended(ExitCode.Ok).Json;
        var entry = Assert.Single(list.GetProperty("checkpoints").EnumerateArray());
        Assert.Equal("numbers", entry.GetProperty("name").GetString());
        Assert.Equal(4u, entry.GetProperty("elementBytes").GetUInt32());
        var text = HmmProcess.Run("pmem", "list", path).Ended(ExitCode.Ok).Output;
        Assert.Contains("numbers", text, StringComparison.Ordinal);
        Assert.Contains(
            "all are right", HmmProcess.Run("pmem", "check", path).Ended(ExitCode.Ok).Output, StringComparison.Ordinal);

        var copy = Path.Combine(folder.Path, "copy");
        HmmProcess.Run("pmem", "copy", path, copy, "--size", "2MiB").Ended(ExitCode.Ok);
        Assert.True(HmmProcess.Run("pmem", "check", copy, "--json").Ended(ExitCode.Ok).Json
            .GetProperty("right").GetBoolean());
        HmmProcess.Run("pmem", "rm", copy, "numbers").Ended(ExitCode.Ok);
        HmmProcess.Run("pmem", "rm", copy, "numbers").Refused(ExitCode.NotFound, "numbers");

        Damage(path, frame);
        var found = HmmProcess.Run("pmem", "check", path, "--json").Ended(ExitCode.Wrong).Json;
        var finding = Assert.Single(found.GetProperty("findings").EnumerateArray());
        Assert.Equal(frame, finding.GetProperty("frame").GetUInt64());
        Assert.Equal(3, finding.GetProperty("page").GetInt64());
        HmmProcess.Run("pmem", "copy", path, Path.Combine(folder.Path, "other")).Refused(ExitCode.Failed, "damaged");
    }

    [Fact]
    public void RefusesWhatItCannotRead()
    {
        using var folder = new TemporaryFolder();
        var path = Make(folder, out _);
        HmmProcess.Run("pmem", "list", path + "-none").Refused(ExitCode.Data, "exist");
        var foreign = Path.Combine(folder.Path, "foreign");
        File.WriteAllBytes(foreign, new byte[1 << 20]);
        HmmProcess.Run("pmem", "check", foreign).Refused(ExitCode.Failed, "no file of persistent ranges");
        using var held = PmemFile.Open(path);
        HmmProcess.Run("pmem", "list", path).Refused(ExitCode.Busy, $"process {Environment.ProcessId}");
    }

    private static string Make(TemporaryFolder folder, out ulong frame)
    {
        var path = Path.Combine(folder.Path, "data");
        using var file = PmemFile.Create(path, 4 << 20, kept: 4, timeNs: 1);
        var store = PmemStore.Open(file);
        var space = new FileSpace(store);
        Assert.True(space.TryTake(out frame));
        var page = new byte[PmemFormat.FrameBytes];
        page[0] = 1;
        Assert.Equal(Errno.None, file.Write(PmemFormat.OffsetOf(frame), page));
        store.Commit(
            new CheckpointDraft(FixedName.Create("numbers"), 100, 400_000, 4, 0, 1),
            [new TableChange(3, new FramePointer(frame, Crc32C.Of(page)))],
            space);
        return path;
    }

    private static void Damage(string path, ulong frame)
    {
        using var file = PmemFile.Open(path);
        Assert.Equal(Errno.None, file.Write(PmemFormat.OffsetOf(frame) + 100, [1]));
    }
}
