// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.Json;

namespace Hmm.Cli.Tests.Support;

/// <summary>How a command ended, and what it printed.</summary>
internal sealed record HmmResult(int ExitCode, string Output, string Error)
{
    /// <summary>The output, which must be one JSON document.</summary>
    internal JsonElement Json => JsonDocument.Parse(Output).RootElement;

    /// <summary>
    /// Fails unless it ended with this code and one sentence on standard error that holds these
    /// words.
    /// </summary>
    internal HmmResult Refused(int exitCode, string words)
    {
        Assert.True(
            ExitCode == exitCode, $"exit code {ExitCode} instead of {exitCode}; it printed:\n{Output}\n{Error}");
        Assert.Equal("", Output);
        var lines = Error.TrimEnd().Split('\n');
        Assert.StartsWith("hmm: ", lines[0], StringComparison.Ordinal);
        Assert.Contains(words, lines[0], StringComparison.Ordinal);
        // A second line may say where help is; a stack trace is not help.
        Assert.True(lines.Length == 1 || lines[1].StartsWith("Try ", StringComparison.Ordinal), Error);
        return this;
    }

    /// <summary>Fails unless it ended with this code.</summary>
    internal HmmResult Ended(int exitCode)
    {
        Assert.True(
            ExitCode == exitCode, $"exit code {ExitCode} instead of {exitCode}; it printed:\n{Output}\n{Error}");
        return this;
    }
}
