// SPDX-License-Identifier: GPL-2.0-or-later
using Spectre.Console;

namespace Hmm.Cli.Output;

/// <summary>
/// Where a command writes. What the output can do is found out once, here: <see cref="IsRich"/>
/// decides between colours and a live display, and plain lines without a single escape code.
/// </summary>
internal sealed class Terminal
{
    private Terminal(TextWriter output, TextWriter error, bool isRich)
    {
        Out = output;
        Error = error;
        IsRich = isRich;
        Ansi = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isRich ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = isRich ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isRich ? InteractionSupport.Yes : InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        if (!isRich)
        {
            // Spectre wraps at 80 columns when it cannot ask; a line in a pipe or a log must stay
            // one line.
            Ansi.Profile.Width = 10_000;
        }
    }

    /// <summary>Standard output: results only.</summary>
    internal TextWriter Out { get; }

    /// <summary>Standard error: the one sentence of a failed command.</summary>
    internal TextWriter Error { get; }

    /// <summary>Whether colours and a live display may be used.</summary>
    internal bool IsRich { get; }

    /// <summary>The same output with markup; plain text where not <see cref="IsRich"/>.</summary>
    internal IAnsiConsole Ansi { get; }

    /// <summary>Looks at the process's own standard output.</summary>
    internal static Terminal Detect()
    {
        var isTerminal = !Console.IsOutputRedirected
            && Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } and not "dumb"
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return new Terminal(Console.Out, Console.Error, isTerminal);
    }

    /// <summary>Output into writers of the caller's.</summary>
    internal static Terminal Into(TextWriter output, TextWriter error, bool isRich) => new(output, error, isRich);
}
