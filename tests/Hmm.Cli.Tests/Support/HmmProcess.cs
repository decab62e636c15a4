// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;

namespace Hmm.Cli.Tests.Support;

/// <summary>
/// Runs the command line as a user does: a process of its own, with its output in pipes.
/// </summary>
internal static class HmmProcess
{
    /// <summary>
    /// Far beyond what any test needs: a hang fails with what was printed so far.
    /// </summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>
    /// The program where it was built, with the host and its modules beside it:
    /// <c>artifacts/bin/Hmm.Cli/CONFIGURATION/</c>.
    /// </summary>
    internal static readonly string Program = Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory,
        "../../Hmm.Cli",
        Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)),
        "Hmm.Cli.dll"));

    internal static HmmResult Run(params string[] arguments) => Run([], arguments);

    internal static HmmResult Run((string Name, string? Value)[] environment, params string[] arguments)
    {
        using var process = Start(environment, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            Assert.Fail(
                $"'hmm {string.Join(' ', arguments)}' did not end; it printed:\n{output.Result}\n{error.Result}");
        }

        return new HmmResult(process.ExitCode, output.Result, error.Result);
    }

    internal static Process Start((string Name, string? Value)[] environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // A terminal's settings must not reach a command whose output is a pipe.
        start.Environment["TERM"] = "xterm-256color";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
