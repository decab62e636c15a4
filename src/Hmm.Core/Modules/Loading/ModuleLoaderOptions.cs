// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Frozen;
using System.Reflection;

namespace Hmm.Core.Modules.Loading;

/// <summary>How modules are loaded.</summary>
internal sealed record ModuleLoaderOptions
{
    /// <summary>The only folders that modules may come from.</summary>
    public required IReadOnlyList<ModuleFolder> Folders { get; init; }

    /// <summary>
    /// Assemblies of the host that modules may reference without a gate, next to <c>Hmm.Uapi</c>: <c>Hmm.Linux</c>.
    /// </summary>
    public IReadOnlyList<Assembly> SharedAssemblies { get; init; } = [];

    /// <summary>
    /// SHA-256 of known modules, lower-case hex; others are tainted "unsigned" unless they have a
    /// strong name.
    /// </summary>
    public IReadOnlySet<string> KnownHashes { get; init; } = FrozenSet<string>.Empty;

    /// <summary>
    /// How long init and exit may take: 10 seconds by default, as long as the slowest device takes to answer twice
    /// (a disk that retries a sector gives up after 5 to 7 s).
    /// </summary>
    public TimeSpan CallDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where lines for people go.</summary>
    public Action<string> Log { get; init; } = static _ => { };

    /// <summary>The file system.</summary>
    public IModuleFiles Files { get; init; } = new SystemModuleFiles();
}
