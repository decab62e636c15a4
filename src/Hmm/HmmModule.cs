// SPDX-License-Identifier: MIT
namespace Hmm;

/// <summary>A module of the host, as it was when it was asked about.</summary>
public sealed record HmmModule
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The file it comes from.</summary>
    public string Path { get; init; } = "";

    /// <summary>The SHA-256 of the file, in lower-case hexadecimal.</summary>
    public string Hash { get; init; } = "";

    /// <summary>Its licence string.</summary>
    public string License { get; init; } = "";

    /// <summary>Who to write to.</summary>
    public string Author { get; init; } = "";

    /// <summary>What it does.</summary>
    public string Description { get; init; } = "";

    /// <summary>Its own version, or empty.</summary>
    public string Version { get; init; } = "";

    /// <summary>The version of the contract that it was compiled against.</summary>
    public string Contract { get; init; } = "";

    /// <summary><c>live</c>, <c>unloading</c>, <c>failed</c> or <c>not-loaded</c>.</summary>
    public string State { get; init; } = "";

    /// <summary>Its taints as letters: "OE"; "-" for none.</summary>
    public string Taint { get; init; } = "";

    /// <summary>Who uses it: "device block0", "module X".</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>The modules that it uses.</summary>
    public IReadOnlyList<string> Dependencies { get; init; } = [];

    /// <summary>The parameters that it declares.</summary>
    public IReadOnlyList<HmmModuleParameter> Parameters { get; init; } = [];

    /// <summary>The symbols that it exports.</summary>
    public IReadOnlyList<string> Exports { get; init; } = [];

    /// <summary>The symbols of the core and of other modules that it uses.</summary>
    public IReadOnlyList<string> Uses { get; init; } = [];

    /// <summary>For a module that is not loaded: those that it needs and that are not loaded either.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>For a module that is not loaded: why it would be refused, or null.</summary>
    public string? Refusal { get; init; }
}
