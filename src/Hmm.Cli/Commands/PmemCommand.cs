// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using Hmm.Cli.Output;
using Hmm.Cli.Reports;
using Hmm.Pmem;
using Hmm.Uapi;

namespace Hmm.Cli.Commands;

/// <summary>
/// <c>hmm pmem</c>: looks at, checks and changes files of persistent ranges that no host has open. It needs no host.
/// </summary>
internal static class PmemCommand
{
    internal static Command Create(Terminal terminal) =>
        new("pmem", "List, check, remove from and copy files of persistent ranges; no host has them open.")
        {
            CreateList(terminal), CreateCheck(terminal), CreateRemove(terminal), CreateCopy(terminal),
        };

    private static Argument<string> FileArgument() => new("FILE") { Description = "The file of persistent ranges." };

    private static Command CreateList(Terminal terminal)
    {
        var path = FileArgument();
        var json = CommandOptions.Json();
        var command = new Command("list", "List the checkpoints of every range.") { path, json };
        command.SetAction((parse, _) => ErrorGate.RunAsync(terminal, () =>
        {
            using var file = Open(parse.GetRequiredValue(path), writable: false);
            var store = PmemStore.Open(file);
            if (parse.GetValue(json))
            {
                JsonOutput.Write(terminal.Out, PmemReport.ToJson(store));
            }
            else
            {
                PmemReport.Print(terminal.Out, store);
            }

            return Task.FromResult(ExitCode.Ok);
        }));
        return command;
    }

    private static Command CreateCheck(Terminal terminal)
    {
        var path = FileArgument();
        var json = CommandOptions.Json();
        var command = new Command("check", "Read everything that a checkpoint needs, and compare checksums.")
        {
            path, json,
        };
        command.SetAction((parse, cancellation) => ErrorGate.RunAsync(terminal, () =>
        {
            using var file = Open(parse.GetRequiredValue(path), writable: false);
            var check = PmemCheck.Run(file, cancellation);
            if (parse.GetValue(json))
            {
                JsonOutput.Write(terminal.Out, PmemReport.ToJson(check));
            }
            else
            {
                PmemReport.Print(terminal.Out, check);
            }

            return Task.FromResult(check.Findings.Count == 0 ? ExitCode.Ok : ExitCode.Wrong);
        }));
        return command;
    }

    private static Command CreateRemove(Terminal terminal)
    {
        var path = FileArgument();
        var name = new Argument<string>("NAME") { Description = "The range." };
        var command = new Command("rm", "Remove a range with all of its checkpoints.") { path, name };
        command.SetAction((parse, _) => ErrorGate.RunAsync(terminal, () =>
        {
            using var file = Open(parse.GetRequiredValue(path), writable: true);
            var store = PmemStore.Open(file);
            var range = Find(store, parse.GetRequiredValue(name), sequence: 0).Name;
            store.Remove(range, NowNs, new FileSpace(store));
            terminal.Out.WriteLine($"removed {range}");
            return Task.FromResult(ExitCode.Ok);
        }));
        return command;
    }

    private static Command CreateCopy(Terminal terminal)
    {
        var path = FileArgument();
        var target = new Argument<string>("TARGET") { Description = "The file to copy to; made if there is none." };
        var range = new Option<string?>("--range")
        {
            Description = "Copy this range only; default: the last checkpoint of each.",
            HelpName = "NAME",
        };
        var sequence = new Option<ulong>("--sequence")
        {
            Description = "With --range: this checkpoint of it; default: the last.",
            HelpName = "N",
        };
        var size = CommandOptions.Size("--size", "The size of a target that is made; default: that of FILE.");
        var command = new Command("copy", "Copy ranges into another file, checking every page on the way.")
        {
            path, target, range, sequence, size,
        };
        command.SetAction((parse, _) => ErrorGate.RunAsync(terminal, () =>
        {
            using var file = Open(parse.GetRequiredValue(path), writable: false);
            var store = PmemStore.Open(file);
            var copied = parse.GetValue(range) is { } name
                ? [Find(store, name, parse.GetValue(sequence))]
                : store.Checkpoints.GroupBy(static record => record.Name).Select(static own => own.Last()).ToList();
            using var to = OpenOrCreate(
                parse.GetRequiredValue(target), parse.GetValue(size) ?? file.LengthBytes, store.Current.Kept);
            var copy = PmemStore.Open(to);
            foreach (var record in copied)
            {
                PmemCopy.Run(file, store, record, to, copy);
                terminal.Out.WriteLine($"copied {record.Name}, checkpoint {record.Sequence}");
            }

            return Task.FromResult(ExitCode.Ok);
        }));
        return command;
    }

    private static ulong NowNs => (ulong)(TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;

    private static PmemFile Open(string path, bool writable)
    {
        try
        {
            return PmemFile.Open(path, writable);
        }
        catch (HmmException exception) when (exception.Errno is Errno.ENOENT or Errno.EACCES or Errno.EISDIR)
        {
            throw new CommandException(ExitCode.Data, exception.Message, exception);
        }
    }

    private static PmemFile OpenOrCreate(string path, ulong bytes, int kept)
    {
        try
        {
            return PmemFile.Open(path);
        }
        catch (HmmException exception) when (exception.Errno == Errno.ENOENT)
        {
            return PmemFile.Create(path, bytes & ~4095UL, kept, NowNs);
        }
    }

    private static StoredCheckpoint Find(PmemStore store, string name, ulong sequence) =>
        store.Find(FixedName.Create(name), sequence) ?? throw new CommandException(
            ExitCode.NotFound,
            sequence == 0
                ? $"no range is named '{name}'; 'hmm pmem list' lists them"
                : $"range '{name}' has no checkpoint {sequence}; 'hmm pmem list' lists them");
}
