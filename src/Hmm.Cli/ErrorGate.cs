// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Output;
using Hmm.Uapi;

namespace Hmm.Cli;

/// <summary>
/// The one place where an exception becomes an exit code and a line on standard error. Commands let
/// everything through; where an error number alone does not tell the cause, they throw
/// <see cref="CommandException"/> themselves.
/// </summary>
internal static class ErrorGate
{
    /// <summary>Runs a command's body. Called once, by each command's action.</summary>
    internal static async Task<int> RunAsync(Terminal terminal, Func<Task<int>> body)
    {
        try
        {
            return await body().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            var (exitCode, sentence) = Explain(exception);
            terminal.Error.WriteLine("hmm: " + sentence);
            if (exitCode == ExitCode.Defect)
            {
                terminal.Error.WriteLine(exception);
            }

            return exitCode;
        }
    }

    /// <summary>The exit code and the sentence for an exception.</summary>
    internal static (int ExitCode, string Sentence) Explain(Exception exception) => exception switch
    {
        CommandException command => (command.ExitCode, command.Message),
        HmmException operating => (CodeOf(operating.Errno), operating.Message),
        PlatformNotSupportedException => (ExitCode.Unsupported, exception.Message),
        OperationCanceledException => (ExitCode.Interrupted, "interrupted"),
        ArgumentException misuse => (ExitCode.Usage, SentenceOf(misuse)),
        _ => (ExitCode.Defect, "this is a defect of Hmm.NET; please report it with the lines below"),
    };

    /// <summary>
    /// The message without the name and the value of a parameter that the user never saw.
    /// </summary>
    private static string SentenceOf(ArgumentException misuse) => misuse.Message.Split(" (Parameter '")[0];

    private static int CodeOf(Errno errno) => errno switch
    {
        Errno.EBUSY or Errno.ENOMEM or Errno.ETIMEDOUT => ExitCode.Busy,
        Errno.ENOSPC or Errno.EROFS => ExitCode.DeviceFolder,
        Errno.ENOSYS => ExitCode.Unsupported,
        _ => ExitCode.Failed,
    };
}
