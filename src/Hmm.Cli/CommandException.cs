// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli;

/// <summary>Ends a command with an exit code and one sentence that says what to do.</summary>
internal sealed class CommandException(int exitCode, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    internal int ExitCode { get; } = exitCode;
}
