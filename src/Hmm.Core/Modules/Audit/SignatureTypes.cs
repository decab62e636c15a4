// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection.Metadata;
using Hmm.Core.Modules.Metadata;

namespace Hmm.Core.Modules.Audit;

/// <summary>The types of an assembly that the signature of one of its own members names.</summary>
internal static class SignatureTypes
{
    public static IReadOnlyList<TypeDef> Of(MemberDef member, MetadataUniverse universe)
    {
        var image = member.Image;
        var handles = new List<EntityHandle>();
        _ = SignatureText.Read(image, member.IsMethod ? member.Method.Signature : member.Field.Signature, handles);
        var types = new List<TypeDef>();
        foreach (var handle in handles)
        {
            if (image.KeyOf(handle) is { } key && universe.TryFindType(key, out var type) && type.Image == image)
            {
                types.Add(type);
            }
        }

        return types;
    }
}
