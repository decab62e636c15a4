// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection.Metadata;

namespace Hmm.Core.Modules.Metadata;

/// <summary>A method or field where it is defined.</summary>
internal readonly record struct MemberDef(MetadataImage Image, EntityHandle Handle)
{
    public bool IsMethod => Handle.Kind == HandleKind.MethodDefinition;

    public MethodDefinition Method => Image.Metadata.GetMethodDefinition((MethodDefinitionHandle)Handle);

    public FieldDefinition Field => Image.Metadata.GetFieldDefinition((FieldDefinitionHandle)Handle);

    public TypeDef DeclaringType => new(Image, IsMethod ? Method.GetDeclaringType() : Field.GetDeclaringType());

    /// <summary>The export symbol: see <see cref="MetadataImage.SymbolOf"/>.</summary>
    public string Symbol => Image.SymbolOf(this);
}
