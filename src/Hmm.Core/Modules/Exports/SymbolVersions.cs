// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Uapi;

namespace Hmm.Core.Modules.Exports;

/// <summary>
/// The export table as text, in the shape of Linux's <c>Module.symvers</c>: five tab-separated columns - checksum,
/// symbol, owner, class, namespace. <c>hmm exports --symvers</c> prints it; the audit compares with a saved one.
/// </summary>
internal static class SymbolVersions
{
    private const string Plain = "EXPORT_SYMBOL", GplOnly = "EXPORT_SYMBOL_GPL";

    /// <summary>How Linux spells the namespace of an export for named modules.</summary>
    private const string ModulesPrefix = "module:";

    /// <summary>Writes one line for each export.</summary>
    public static void Write(TextWriter writer, IEnumerable<Export> exports)
    {
        foreach (var export in exports)
        {
            writer.Write(string.Join('\t', Columns(export)));
            writer.Write('\n');
        }
    }

    /// <summary>The five columns of one export.</summary>
    public static string[] Columns(Export export) =>
    [
        string.Create(CultureInfo.InvariantCulture, $"0x{export.Version:x8}"),
        export.Symbol,
        export.Owner,
        export.Class == ExportClass.GplOnly ? GplOnly : Plain,
        (export.AllowedModules.Count > 0
            ? ModulesPrefix + string.Join(',', export.AllowedModules)
            : export.Namespace) ?? string.Empty,
    ];

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="HmmException">
    /// <see cref="Errno.EINVAL"/>: a line is not of that shape; the message has its number.
    /// </exception>
    public static IReadOnlyList<Export> Read(TextReader reader)
    {
        var exports = new List<Export>();
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            if (line.Split('\t') is not [['0', 'x', .. var hex], var symbol, var owner, Plain or GplOnly, var space]
                || !uint.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var version))
            {
                throw new HmmException(
                    Errno.EINVAL,
                    $"Line {number} of the saved table is not 'checksum, symbol, owner, class, "
                        + "namespace' with tabs; save it with 'hmm exports --symvers'.");
            }

            var isList = space.StartsWith(ModulesPrefix, StringComparison.Ordinal);
            exports.Add(new Export(
                symbol,
                owner,
                line.Contains($"\t{GplOnly}\t", StringComparison.Ordinal) ? ExportClass.GplOnly : ExportClass.Plain,
                isList || space.Length == 0 ? null : space,
                isList ? space[ModulesPrefix.Length..].Split(',') : [],
                version,
                symbol,
                null));
        }

        return exports;
    }
}
