// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using System.Security.Cryptography;

namespace Hmm.Core.Modules.Metadata;

/// <summary>
/// The file of a module, read and found well-formed, but not loaded: the same bytes are judged and later executed, so
/// nobody can exchange the file in between.
/// </summary>
/// <remarks>Ownership: whoever has it read disposes it.</remarks>
internal sealed class ModuleImage(
    string path, byte[] bytes, MetadataImage metadata, ModuleManifest? manifest) : IDisposable
{
    /// <summary>Where it came from.</summary>
    public string Path { get; } = path;

    /// <summary>The file.</summary>
    public byte[] Bytes { get; } = bytes;

    public MetadataImage Metadata { get; } = metadata;

    /// <summary>The module's name: the assembly's.</summary>
    public string Name => Metadata.Name;

    /// <summary>Null for a private assembly of a module.</summary>
    public ModuleManifest? Manifest { get; } = manifest;

    /// <summary>SHA-256 of the file, in lower-case hex.</summary>
    public string Hash { get; } = Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>
    /// Whether it has a strong name. The runtime does not verify it, so this says "signed", not
    /// "genuine".
    /// </summary>
    public bool IsStrongNamed => (Metadata.Metadata.GetAssemblyDefinition().Flags & AssemblyFlags.PublicKey) != 0;

    public void Dispose() => Metadata.Dispose();
}
