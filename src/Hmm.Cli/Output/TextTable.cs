// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;

namespace Hmm.Cli.Output;

/// <summary>
/// Columns of plain text, two spaces apart, as <c>ps</c> prints them: easy to read and to cut.
/// </summary>
internal sealed class TextTable(params string[] header)
{
    private const string Gap = "  ";
    private readonly List<string[]> _rows = [header]; // owner thread
    private readonly HashSet<int> _right = []; // owner thread

    /// <summary>Aligns these columns to the right: numbers.</summary>
    internal TextTable Right(params int[] columns)
    {
        _right.UnionWith(columns);
        return this;
    }

    internal void Add(params string[] cells)
    {
        if (cells.Length != header.Length)
        {
            throw new ArgumentException($"A row of this table has {header.Length} cells.", nameof(cells));
        }

        _rows.Add(cells);
    }

    internal void WriteTo(TextWriter output)
    {
        var widths = header.Select((_, column) => _rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in _rows)
        {
            var line = new StringBuilder();
            for (var column = 0; column < row.Length; column++)
            {
                line.Append(column == 0 ? "" : Gap);
                line.Append(_right.Contains(column)
                    ? row[column].PadLeft(widths[column])
                    : row[column].PadRight(widths[column]));
            }

            output.WriteLine(line.ToString().TrimEnd());
        }
    }
}
