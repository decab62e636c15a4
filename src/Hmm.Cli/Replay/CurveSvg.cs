// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Security;

namespace Hmm.Cli.Replay;

/// <summary>The miss-ratio curve as a drawing.</summary>
internal static class CurveSvg
{
    private const int Width = 720;
    private const int Height = 420;
    private const int Left = 64;
    private const int Bottom = Height - 48;
    private const int Top = 40;
    private const int Right = Width - 160;
    private static readonly string[] s_colours = ["#117733", "#332288", "#cc6677", "#aa4499", "#888888", "#ddcc77"];

    /// <summary>Draws it.</summary>
    internal static void Write(
        TextWriter output, string title, IReadOnlyList<IReadOnlyList<ReplayResult>> curves)
    {
        var all = curves.SelectMany(static curve => curve).ToList();
        var widest = all.Max(static result => result.BudgetBytes);
        var highest = Math.Max(0.01, all.Max(static result => 1 - result.HitRatio));
        output.WriteLine(Text($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" ")
            + "font-family=\"sans-serif\" font-size=\"12\">");
        output.WriteLine("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
        output.WriteLine(Text($"<text x=\"{Left}\" y=\"24\">{SecurityElement.Escape(title)}</text>"));
        output.WriteLine(Text($"<path d=\"M{Left},{Top} V{Bottom} H{Right}\" stroke=\"black\" fill=\"none\"/>"));
        for (var i = 0; i <= 4; i++)
        {
            var y = Bottom - ((Bottom - Top) * i / 4.0);
            output.WriteLine(Text($"<text x=\"{Left - 8}\" y=\"{y + 4:F1}\" text-anchor=\"end\">")
                + Text($"{highest * i * 25:F1} %</text>"));
            var x = Left + ((Right - Left) * i / 4.0);
            output.WriteLine(Text($"<text x=\"{x:F1}\" y=\"{Bottom + 20}\" text-anchor=\"middle\">")
                + $"{ByteSize.Format(widest * i / 4.0)}</text>");
        }

        output.WriteLine(Text($"<text x=\"{(Left + Right) / 2}\" y=\"{Bottom + 38}\" text-anchor=\"middle\">")
            + "DRAM budget; upwards: accesses that miss</text>");
        for (var i = 0; i < curves.Count; i++)
        {
            WriteCurve(output, curves[i], i, widest, highest);
        }

        output.WriteLine("</svg>");
    }

    private static void WriteCurve(
        TextWriter output, IReadOnlyList<ReplayResult> curve, int index, long widest, double highest)
    {
        var colour = s_colours[index % s_colours.Length];
        var line = "";
        foreach (var result in curve)
        {
            var x = Left + ((Right - Left) * (double)result.BudgetBytes / widest);
            var y = Bottom - ((Bottom - Top) * (1 - result.HitRatio) / highest);
            line += Text($"{(line.Length == 0 ? 'M' : 'L')}{x:F1},{y:F1} ");
            output.WriteLine(Text($"<circle cx=\"{x:F1}\" cy=\"{y:F1}\" r=\"3\" fill=\"{colour}\"/>"));
        }

        output.WriteLine($"<path d=\"{line.TrimEnd()}\" stroke=\"{colour}\" fill=\"none\"/>");
        var legend = Top + 8 + (20 * index);
        output.WriteLine(Text($"<rect x=\"{Right + 16}\" y=\"{legend - 9}\" width=\"10\" height=\"10\" ")
            + $"fill=\"{colour}\"/>");
        output.WriteLine(Text($"<text x=\"{Right + 32}\" y=\"{legend}\">")
            + $"{SecurityElement.Escape(curve[0].Policy)}</text>");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
