// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules.Metadata;

namespace Hmm.Core.Modules.Exports;

/// <summary>
/// Finds the plain exports of a module that wrap a GPL-only export of the core or of another module, so that a shim
/// under the GPL cannot hand GPL-only functions on: what wraps one is GPL-only itself.
/// </summary>
internal static class WrapFinder
{
    /// <summary>Marks the exports that wrap.</summary>
    /// <param name="exports">What the module exports.</param>
    /// <param name="universe">The core, the loaded modules, and the module.</param>
    /// <param name="own">The module's assemblies.</param>
    /// <param name="table">The exports of everyone else.</param>
    public static IReadOnlyList<Export> Mark(
        IReadOnlyList<Export> exports, MetadataUniverse universe, IReadOnlyList<MetadataImage> own, ExportTable table)
    {
        var plain = exports.Where(e => e.Class == ExportClass.Plain).ToDictionary(
            e => e.Symbol, StringComparer.Ordinal);
        if (plain.Count == 0)
        {
            return exports;
        }

        var graph = new CallGraph(universe, own);
        var wraps = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var image in own)
        {
            foreach (var handle in image.Metadata.MethodDefinitions)
            {
                var method = new MemberDef(image, handle);
                if (!image.IsVisible(method) || !plain.ContainsKey(method.Symbol))
                {
                    continue;
                }

                var paths = graph.ShortestPaths(
                    method, m => IsForeignGplOnly(m, own, table), m => !own.Contains(m.Image));
                if (paths.Count > 0)
                {
                    wraps[method.Symbol] = PathText.Of(paths[0]);
                }
            }
        }

        return [.. exports.Select(e => wraps.TryGetValue(e.Symbol, out var path) ? e with { Wraps = path } : e)];
    }

    private static bool IsForeignGplOnly(MemberDef member, IReadOnlyList<MetadataImage> own, ExportTable table) =>
        !own.Contains(member.Image)
        && table.TryFind(member.Symbol, out var export)
        && export.EffectiveClass == ExportClass.GplOnly;
}
