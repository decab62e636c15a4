// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli;

/// <summary>The assemblies that were built with this command line, beside it.</summary>
internal static class InTree
{
    /// <summary>The core.</summary>
    internal static string Core => Path.Combine(AppContext.BaseDirectory, "Hmm.Core.dll");

    /// <summary>The modules that a host beside it would load.</summary>
    internal static string[] Modules
    {
        get
        {
            var folder = Path.Combine(AppContext.BaseDirectory, "modules");
            var files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.dll") : [];
            Array.Sort(files, StringComparer.Ordinal);
            return files;
        }
    }
}
