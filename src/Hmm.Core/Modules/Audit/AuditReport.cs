// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules.Exports;

namespace Hmm.Core.Modules.Audit;

/// <summary>What <c>hmm exports audit</c> prints.</summary>
/// <param name="Exports">Every export of the audited assembly, with its consumers in the tree.</param>
/// <param name="Findings">What was found, failing ones first.</param>
internal sealed record AuditReport(IReadOnlyList<ExportUse> Exports, IReadOnlyList<AuditFinding> Findings)
{
    /// <summary>For CI: 0 when clean, 1 when something fails.</summary>
    public int ExitCode => Findings.Any(f => f.Fails) ? 1 : 0;

    /// <summary>Writes the report as text.</summary>
    public void Write(TextWriter writer)
    {
        foreach (var finding in Findings)
        {
            writer.WriteLine($"{(finding.Fails ? "FAIL" : "note")} {finding.Kind}: {finding.Message}");
            foreach (var line in finding.Evidence)
            {
                writer.WriteLine($"       {line}");
            }
        }

        var gplOnly = Exports.Count(e => e.Export.Class == ExportClass.GplOnly);
        writer.WriteLine(
            $"{Plural.Of(Exports.Count, "export")}: {Exports.Count - gplOnly} plain, {gplOnly} GPL-only; "
                + $"{Plural.Of(Findings.Count(f => f.Fails), "failure")}, "
                    + $"{Plural.Of(Findings.Count(f => !f.Fails), "note")}.");
    }
}
