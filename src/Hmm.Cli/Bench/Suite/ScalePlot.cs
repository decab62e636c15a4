// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;

namespace Hmm.Cli.Bench.Suite;

/// <summary>
/// The points of each axis as a table in Markdown, and as a plot in SVG: flat lines are what is wanted. What the C
/// floor takes is drawn dashed.
/// </summary>
internal static class ScalePlot
{
    private const int PanelWidth = 360;
    private const int PanelHeight = 240;
    private const int Margin = 48;

    /// <summary>Writes <c>scale.md</c> and <c>scale.svg</c>.</summary>
    internal static void Write(string folder, IReadOnlyList<ScalePoint> points)
    {
        Directory.CreateDirectory(folder);
        using (var table = new StreamWriter(Path.Combine(folder, "scale.md")))
        {
            table.WriteLine("| axis | value | fault p50, us | C floor, us | host, MiB | flat within 20 % |");
            table.WriteLine("|---|---|---|---|---|---|");
            foreach (var axis in points.GroupBy(point => point.Axis))
            {
                foreach (var point in axis)
                {
                    table.WriteLine(
                        Text($"| {point.Axis} | {point.Label} | {point.FaultP50Us:F2} | {point.FloorP50Us:F2} | ")
                            + Text($"{point.HostMiB:F0} | ") + (ScaleRun.IsFlat(axis) ? "yes |" : "no |"));
                }
            }
        }

        using var plot = new StreamWriter(Path.Combine(folder, "scale.svg"));
        WritePlot(plot, points);
    }

    private static void WritePlot(TextWriter output, IReadOnlyList<ScalePoint> points)
    {
        var axes = points.GroupBy(point => point.Axis).ToList();
        var rows = (axes.Count + 1) / 2;
        var (width, height) = (2 * PanelWidth, rows * PanelHeight);
        output.WriteLine(Text(
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" ")
            + "font-family=\"sans-serif\" font-size=\"11\">");
        output.WriteLine("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
        var top = points.Max(point => Math.Max(point.FaultP50Us, point.FloorP50Us ?? 0)) * 1.25;
        for (var i = 0; i < axes.Count; i++)
        {
            output.WriteLine(Text($"<g transform=\"translate({i % 2 * PanelWidth},{i / 2 * PanelHeight})\">"));
            WritePanel(output, axes[i].Key, [.. axes[i]], top);
            output.WriteLine("</g>");
        }

        output.WriteLine("</svg>");
    }

    private static void WritePanel(TextWriter output, string axis, ScalePoint[] points, double top)
    {
        const int Bottom = PanelHeight - Margin;
        const int Right = PanelWidth - 16;
        output.WriteLine(Text($"<text x=\"{Margin}\" y=\"18\">fault p50 (us) by {axis}</text>"));
        output.WriteLine(Text($"<path d=\"M{Margin},28 V{Bottom} H{Right}\" stroke=\"black\" fill=\"none\"/>"));
        output.WriteLine(Text($"<text x=\"6\" y=\"36\">{top:F1}</text><text x=\"28\" y=\"{Bottom}\">0</text>"));
        for (var i = 0; i < points.Length; i++)
        {
            var (x, y) = At(i, points[i].FaultP50Us);
            output.WriteLine(Text($"<circle cx=\"{x:F1}\" cy=\"{y:F1}\" r=\"3\"/>"));
            output.WriteLine(Text(
                $"<text x=\"{x:F1}\" y=\"{y - 8:F1}\" text-anchor=\"middle\">{points[i].FaultP50Us:F1}</text>"));
            output.WriteLine(Text(
                $"<text x=\"{x:F1}\" y=\"{Bottom + 16}\" text-anchor=\"middle\">{points[i].Label}</text>"));
        }

        WriteCurve(static point => point.FaultP50Us, "stroke=\"black\"");
        if (points[0].FloorP50Us is not null)
        {
            WriteCurve(static point => point.FloorP50Us!.Value, "stroke=\"gray\" stroke-dasharray=\"4 3\"");
            var (x, y) = At(points.Length - 1, points[^1].FloorP50Us!.Value);
            output.WriteLine(Text(
                $"<text x=\"{x:F1}\" y=\"{y + 14:F1}\" text-anchor=\"middle\" fill=\"gray\">C floor</text>"));
        }

        // Values grow by a factor from point to point: even steps are a logarithmic scale.
        (double X, double Y) At(int i, double us) => (
            Margin + ((Right - Margin) * (i + 0.5) / points.Length),
            Bottom - ((Bottom - 28) * us / top));

        void WriteCurve(Func<ScalePoint, double> cost, string style)
        {
            var path = string.Concat(points.Select((point, i) =>
            {
                var (x, y) = At(i, cost(point));
                return Text($"{(i == 0 ? 'M' : 'L')}{x:F1},{y:F1} ");
            }));
            output.WriteLine($"<path d=\"{path.TrimEnd()}\" {style} fill=\"none\"/>");
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
