// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection.Metadata;

namespace Hmm.Core.Modules.Metadata;

/// <summary>A type where it is defined.</summary>
internal readonly record struct TypeDef(MetadataImage Image, TypeDefinitionHandle Handle)
{
    public TypeDefinition Row => Image.Metadata.GetTypeDefinition(Handle);

    public string Name => Image.NameOf(Handle);
}
