// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules.Audit;
using Hmm.Core.Modules.Exports;

namespace Hmm.Cli.Reports;

/// <summary><c>hmm exports audit --json</c>.</summary>
internal static class AuditJson
{
    internal static object Of(AuditReport report) => new
    {
        isClean = report.ExitCode == 0,
        plain = report.Exports.Count(static use => use.Export.Class == ExportClass.Plain),
        gplOnly = report.Exports.Count(static use => use.Export.Class == ExportClass.GplOnly),
        findings = report.Findings.Select(static finding => new
        {
            kind = finding.Kind,
            fails = finding.Fails,
            symbol = finding.Symbol,
            message = finding.Message,
            evidence = finding.Evidence,
        }),
    };
}
