// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules.Exports;
using Hmm.Core.Modules.Metadata;
using Hmm.Uapi;

namespace Hmm.Core.Modules.Audit;

/// <summary>
/// The export table as files would make it: what a core and modules export, and which of them use it. A running host
/// has the same table of what it has loaded.
/// </summary>
/// <remarks>Pure: it reads assemblies and runs nothing of them.</remarks>
internal static class ExportCatalog
{
    /// <summary>Reads files.</summary>
    /// <param name="corePath">The core, where public means exported.</param>
    /// <param name="modulePaths">The modules.</param>
    /// <returns>Every export with its users, by symbol.</returns>
    /// <exception cref="HmmException">A file cannot be read, or is not what it must be.</exception>
    public static IReadOnlyList<ExportUse> ReadFiles(string corePath, IEnumerable<string> modulePaths)
    {
        var files = new Loading.SystemModuleFiles();
        var opened = new List<ModuleImage>();
        try
        {
            foreach (var path in modulePaths.Prepend(corePath))
            {
                opened.Add(ModuleImageReader.ReadPrivate(path, files.Read(path, ModuleImageReader.LengthMaxBytes)));
                opened[^1].Metadata.Budget.Lift();
            }

            return ModuleImageReader.Guard(corePath, () => Read([.. opened.Select(image => image.Metadata)]));
        }
        finally
        {
            opened.ForEach(image => image.Dispose());
        }
    }

    private static List<ExportUse> Read(IReadOnlyList<MetadataImage> images)
    {
        var tree = new AuditedTree(images[0], [.. images.Skip(1)]);
        return
        [
            .. images.SelectMany((image, number) => ExportReader.Read(image, publicMeansExported: number == 0).Exports)
                .OrderBy(export => export.Symbol, StringComparer.Ordinal)
                .Select(export => new ExportUse(export, tree.UsersOf(export.Symbol))),
        ];
    }
}
