// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Hmm.Core.Modules;
using Hmm.Core.Modules.Exports;
using Hmm.Core.Modules.Loading;

namespace Hmm.Host.Engine;

/// <summary>
/// Modules, exports and taints as lines with tabs between their fields; <c>docs/reference/uapi.md</c> describes them.
/// </summary>
internal static class ModuleLines
{
    /// <summary>A loaded module as a block of lines.</summary>
    public static IEnumerable<string> Of(ModuleInfo module) =>
        Block(module, JsonNamingPolicy.KebabCaseLower.ConvertName(module.State.ToString()));

    /// <summary>A module that is not loaded, and what loading it would come to.</summary>
    public static IEnumerable<string> Of(ModuleInspection inspection)
    {
        var lines = Block(inspection.Module, "not-loaded")
            .Concat(inspection.Missing.Select(static name => Line("missing", name)));
        return inspection.Refusal is { } refusal ? lines.Append(Line("refusal", refusal)) : lines;
    }

    /// <summary>An export: the five columns of Module.symvers, then who uses it.</summary>
    public static string Of(ExportUse use) =>
        Line([.. SymbolVersions.Columns(use.Export), string.Join(',', use.Consumers)]);

    /// <summary>A taint and who brought it.</summary>
    public static string Of(TaintReason reason) =>
        Line(TaintLedger.Letters(reason.Taint), reason.Source, reason.Reason);

    /// <summary>Writes whole lines, from line <paramref name="cursor"/> on, as far as they fit.</summary>
    /// <param name="lines">All lines.</param>
    /// <param name="cursor">The line to begin with; where to go on afterwards, 0 at the end.</param>
    /// <param name="text">Where they go; a line that does not even fit alone is cut.</param>
    /// <returns>How many bytes were written.</returns>
    public static int Write(IEnumerable<string> lines, ref ulong cursor, Span<byte> text)
    {
        var written = 0;
        var number = 0UL;
        foreach (var line in lines)
        {
            if (number++ < cursor)
            {
                continue;
            }

            var lineBytes = Encoding.UTF8.GetByteCount(line) + 1;
            if (lineBytes > text.Length - written && written > 0)
            {
                cursor = number - 1;
                return written;
            }

            // One byte stays for the line feed; a line is cut before the first character that does not fit whole.
            Utf8.FromUtf16(line, text[written..^1], out _, out var bytes);
            written += bytes;
            text[written++] = (byte)'\n';
        }

        cursor = 0;
        return written;
    }

    private static IEnumerable<string> Block(ModuleInfo module, string state)
    {
        yield return Line("module", module.Name);
        yield return Line("path", module.Path);
        yield return Line("hash", module.Hash);
        yield return Line("license", module.License);
        yield return Line("author", module.Author);
        yield return Line("description", module.Description);
        if (module.Version is { } version)
        {
            yield return Line("version", version);
        }

        yield return Line("contract", module.Contract.ToString(CultureInfo.InvariantCulture));
        yield return Line("state", state);
        yield return Line("taint", TaintLedger.Letters(module.Taint));
        var lists = module.Users.Select(static user => Line("user", user))
            .Concat(module.Dependencies.Select(static name => Line("dependency", name)))
            .Concat(module.Parameters.Select(Of))
            .Concat(module.Exports.Select(static symbol => Line("export", symbol)))
            .Concat(module.Uses.Select(static symbol => Line("use", symbol)));
        foreach (var line in lists)
        {
            yield return line;
        }
    }

    private static string Of(ParameterInfo parameter) => Line(
        "parameter",
        parameter.Name,
        parameter.Type.ToString().ToLowerInvariant(),
        parameter.Default ?? string.Empty,
        parameter.Description);

    /// <summary>Joins fields; what would end one early becomes a question mark.</summary>
    private static string Line(params string[] fields)
    {
        var line = new StringBuilder();
        foreach (var field in fields)
        {
            foreach (var character in field)
            {
                line.Append(char.IsControl(character) ? '?' : character);
            }

            line.Append('\t');
        }

        return line.ToString(0, line.Length - 1);
    }
}
