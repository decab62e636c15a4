// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Cli.Output;
using Spectre.Console;

namespace Hmm.Cli.Replay;

/// <summary>The miss-ratio curve in a terminal: a column for each budget, a letter for each policy.</summary>
internal static class CurvePlot
{
    private const int Rows = 16;
    private const int ColumnWidth = 9;
    private static readonly string[] s_colours = ["green", "aqua", "yellow", "fuchsia", "silver", "red"];

    /// <summary>Prints it.</summary>
    internal static void Print(Terminal terminal, IReadOnlyList<IReadOnlyList<ReplayResult>> curves)
    {
        var top = Math.Max(0.01, curves.SelectMany(static curve => curve).Max(static result => 1 - result.HitRatio));
        terminal.Ansi.WriteLine("misses");
        for (var row = 0; row <= Rows; row++)
        {
            var ratio = top * (Rows - row) / Rows;
            var label = row % 4 == 0 ? (ratio * 100).ToString("F1", CultureInfo.InvariantCulture) + " %" : "";
            terminal.Ansi.Markup($"{label,8} {(row == Rows ? '+' : '|')}");
            for (var column = 0; column < curves[0].Count; column++)
            {
                PrintCell(terminal, curves, column, row, top);
            }

            terminal.Ansi.WriteLine();
        }

        terminal.Ansi.WriteLine(new string(' ', 10) + string.Concat(curves[0].Select(
            static result => ByteSize.Format(result.BudgetBytes).Replace(" ", "", StringComparison.Ordinal)
                .PadLeft(ColumnWidth))));
        for (var i = 0; i < curves.Count; i++)
        {
            terminal.Ansi.MarkupLine($"{"",10}[{ColourOf(i)}]{LetterOf(i)}[/] {Markup.Escape(curves[i][0].Policy)}");
        }
    }

    private static void PrintCell(
        Terminal terminal, IReadOnlyList<IReadOnlyList<ReplayResult>> curves, int column, int row, double top)
    {
        // Where several meet, all their letters stand side by side, as far as there is room.
        var here = new List<int>();
        for (var i = 0; i < curves.Count; i++)
        {
            var level = (int)Math.Round((1 - curves[i][column].HitRatio) / top * Rows);
            if (Rows - level == row && here.Count < ColumnWidth - 1)
            {
                here.Add(i);
            }
        }

        terminal.Ansi.Write(new string(row == Rows ? '-' : ' ', ColumnWidth - here.Count));
        foreach (var i in here)
        {
            terminal.Ansi.Markup($"[{ColourOf(i)}]{LetterOf(i)}[/]");
        }
    }

    private static char LetterOf(int curve) => (char)('a' + (curve % 26));

    private static string ColourOf(int curve) => s_colours[curve % s_colours.Length];
}
