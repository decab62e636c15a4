// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Output;

namespace Hmm.Cli.Reports;

/// <summary><c>hmm exports</c>: what modules may use, on what terms, and who does.</summary>
internal static class ExportReport
{
    internal static void Print(TextWriter output, IReadOnlyList<HmmExport> exports)
    {
        var table = new TextTable("CLASS", "OWNER", "NAMESPACE", "USED BY", "SYMBOL");
        foreach (var export in exports)
        {
            table.Add(
                export.IsGplOnly ? "GPL-only" : "plain",
                export.Owner,
                Or(export.Namespace),
                Or(string.Join(',', export.Consumers)),
                export.Symbol);
        }

        table.WriteTo(output);
    }

    /// <summary>The five columns of Linux's <c>Module.symvers</c>, with tabs between them.</summary>
    internal static void PrintSymbolVersions(TextWriter output, IReadOnlyList<HmmExport> exports)
    {
        foreach (var export in exports)
        {
            output.Write(string.Join('\t', export.Checksum, export.Symbol, export.Owner, ClassOf(export)));
            output.Write($"\t{export.Namespace}\n");
        }
    }

    internal static object ToJson(HmmExport export) => new
    {
        checksum = export.Checksum,
        symbol = export.Symbol,
        @class = ClassOf(export),
        @namespace = export.Namespace,
        owner = export.Owner,
        consumers = export.Consumers,
    };

    private static string ClassOf(HmmExport export) => export.IsGplOnly ? "EXPORT_SYMBOL_GPL" : "EXPORT_SYMBOL";

    private static string Or(string text) => text.Length == 0 ? "-" : text;
}
