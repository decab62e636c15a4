// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Output;

namespace Hmm.Cli.Reports;

/// <summary><c>hmm modules</c>: what a host has loaded, and what that made of it.</summary>
internal static class ModuleReport
{
    internal static void Print(
        TextWriter output, IReadOnlyList<HmmModule> modules, IReadOnlyList<HmmTaint> taints)
    {
        var table = new TextTable("NAME", "VERSION", "STATE", "LICENCE", "TAINT", "USED BY", "DESCRIPTION");
        foreach (var module in modules)
        {
            table.Add(
                module.Name,
                Or(module.Version),
                module.State,
                module.License,
                module.Taint,
                Or(string.Join(", ", module.Users)),
                module.Description);
        }

        table.WriteTo(output);
        output.WriteLine();
        output.WriteLine(taints.Count == 0 ? "Not tainted." : $"Tainted: {Letters(taints)}");
        foreach (var taint in taints)
        {
            output.WriteLine($"  {taint.Letter}  {taint.Source}: {taint.Reason}");
        }
    }

    internal static object ToJson(IReadOnlyList<HmmModule> modules, IReadOnlyList<HmmTaint> taints) => new
    {
        taint = taints.Count == 0 ? "-" : Letters(taints),
        taints,
        modules,
    };

    internal static void PrintOne(TextWriter output, HmmModule module)
    {
        Line(output, "name", module.Name);
        Line(output, "file", module.Path);
        Line(output, "sha256", module.Hash);
        Line(output, "description", module.Description);
        Line(output, "author", module.Author);
        Line(output, "licence", module.License);
        Line(output, "version", Or(module.Version));
        Line(output, "contract", module.Contract);
        Line(output, "state", module.State);
        Line(output, "taint", module.Taint);
        Line(output, "used by", Or(string.Join(", ", module.Users)));
        Line(output, "needs", Or(string.Join(", ", module.Dependencies)));
        foreach (var parameter in module.Parameters)
        {
            var fallback = parameter.Default.Length == 0 ? "must be given" : "default " + parameter.Default;
            Line(output, "parameter", $"{parameter.Name} ({parameter.Type}, {fallback}): {parameter.Description}");
        }

        List(output, "exports", module.Exports);
        List(output, "uses", module.Uses);
        List(output, "missing", module.Missing);
        if (module.Refusal is { } refusal)
        {
            Line(output, "refused", refusal);
        }
    }

    private static void List(TextWriter output, string key, IReadOnlyList<string> values)
    {
        foreach (var value in values)
        {
            Line(output, key, value);
            key = "";
        }
    }

    private static void Line(TextWriter output, string key, string value) =>
        output.WriteLine($"{key,-12}{value}");

    private static string Letters(IReadOnlyList<HmmTaint> taints) =>
        string.Concat(taints.Select(static taint => taint.Letter).Distinct());

    private static string Or(string text) => text.Length == 0 ? "-" : text;
}
