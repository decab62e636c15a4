// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection.Metadata;

namespace Hmm.Core.Modules.Metadata;

/// <summary>
/// The assemblies that references are resolved in: the core, the modules that are loaded, and the one being judged.
/// Framework assemblies are not in it; a reference that leads there leads out of the gate's concern.
/// </summary>
/// <remarks>Ownership: the images belong to their creators. Thread-safety: none, as for the images.</remarks>
internal sealed class MetadataUniverse
{
    /// <summary>How many base types a type may have; the longest chain in the .NET libraries is 9.</summary>
    private const int BasesMax = 64;

    /// <summary>How many forwarders may be followed one after the other.</summary>
    private const int ForwardersMax = 4;

    private readonly Dictionary<string, MetadataImage> _images = new(
        StringComparer.OrdinalIgnoreCase); // Guarded by: owner thread

    public MetadataUniverse(IEnumerable<MetadataImage> images)
    {
        foreach (var image in images)
        {
            _images[image.Name] = image;
        }
    }

    public IReadOnlyCollection<MetadataImage> Images => _images.Values;

    public bool Contains(string assembly) => _images.ContainsKey(assembly);

    /// <summary>Finds where a type is defined, through forwarders.</summary>
    public bool TryFindType(TypeKey key, out TypeDef type)
    {
        for (var hop = 0; hop <= ForwardersMax && _images.TryGetValue(key.Assembly, out var image); hop++)
        {
            if (image.TryFindType(key.Name, out var handle))
            {
                type = new TypeDef(image, handle);
                return true;
            }

            if (!image.TryFindForwarder(key.Name, out var target))
            {
                break;
            }

            key = key with { Assembly = target };
        }

        type = default;
        return false;
    }

    /// <summary>
    /// Finds the member that a reference binds to: in the named type, then in its base types.
    /// </summary>
    /// <param name="start">The type that the reference names.</param>
    /// <param name="name">The member's name.</param>
    /// <param name="signature">Its whole signature: <see cref="MemberSignature.Full"/>.</param>
    /// <param name="isMethod">Whether it is a method.</param>
    /// <param name="member">The member.</param>
    /// <param name="leftUniverse">Whether the search ended at a base type outside, where the member may be.</param>
    public bool TryFindMember(
        TypeKey start, string name, string signature, bool isMethod, out MemberDef member, out bool leftUniverse)
    {
        TypeKey? key = start;
        for (var depth = 0; depth < BasesMax && key is { } current; depth++)
        {
            if (!TryFindType(current, out var type))
            {
                leftUniverse = !Contains(current.Assembly);
                member = default;
                return false;
            }

            if (type.Image.TryFindMember(type.Handle, name, signature, isMethod, out var handle))
            {
                leftUniverse = false;
                member = new MemberDef(type.Image, handle);
                return true;
            }

            key = type.Image.KeyOf(type.Row.BaseType);
        }

        leftUniverse = false;
        member = default;
        return false;
    }

    /// <summary>The base types of a type that are in the universe, nearest first.</summary>
    public IEnumerable<TypeDef> BasesOf(TypeDef type)
    {
        for (var depth = 0; depth < BasesMax; depth++)
        {
            type.Image.Budget.Spend(1);
            if (type.Image.KeyOf(type.Row.BaseType) is not { } key || !TryFindType(key, out type))
            {
                yield break;
            }

            yield return type;
        }
    }

    /// <summary>All interfaces in the universe that a type implements itself, with those that they extend.</summary>
    public IReadOnlyCollection<TypeDef> InterfacesOf(TypeDef type)
    {
        var found = new HashSet<TypeDef>();
        var open = new Queue<TypeDef>([type]);
        while (open.TryDequeue(out var next))
        {
            foreach (var handle in next.Row.GetInterfaceImplementations())
            {
                type.Image.Budget.Spend(1);
                var implemented = next.Image.Metadata.GetInterfaceImplementation(handle).Interface;
                if (next.Image.KeyOf(implemented) is { } key
                    && TryFindType(key, out var definition)
                    && found.Add(definition))
                {
                    open.Enqueue(definition);
                }
            }
        }

        return found;
    }
}
