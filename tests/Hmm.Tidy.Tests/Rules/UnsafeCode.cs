// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Tidy.Tests.Sources;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Hmm.Tidy.Tests.Rules;

/// <summary>Unsafe code stays where memory itself is the subject.</summary>
public static class UnsafeCode
{
    // The kernel's calls, the wire, the client's spans, page tables and frames, and drivers, which copy pages; mapped
    // files are the host's own driver. Access patterns touch memory, which is what they measure.
    private static readonly string[] Allowed =
    [
        "src/Hmm.Linux/", "src/Hmm.Uapi/", "src/Hmm/", "src/Hmm.Core/", "src/Hmm.Host/Files/",
        "src/Hmm.Conformance/", "src/Hmm.Cli/Bench/", "modules/",
        "tests/", "bench/", "samples/",
    ];

    public static IEnumerable<Violation> Check(SourceFile file)
    {
        if (Array.Exists(Allowed, folder => file.Path.StartsWith(folder, StringComparison.Ordinal)))
        {
            yield break;
        }

        foreach (var token in file.Syntax.DescendantTokens().Where(token => token.IsKind(SyntaxKind.UnsafeKeyword)))
        {
            yield return new Violation(
                file.Path,
                SourceFile.LineOf(token),
                $"unsafe: use spans, or move the code to one of {string.Join(", ", Allowed)}");
        }
    }
}
