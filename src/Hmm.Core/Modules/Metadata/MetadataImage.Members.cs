// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using System.Reflection.Metadata;

namespace Hmm.Core.Modules.Metadata;

/// <summary>Finding members, and who can see them.</summary>
internal sealed partial class MetadataImage
{
    private readonly Dictionary<TypeDefinitionHandle, Dictionary<string, EntityHandle>> _members =
        []; // Guarded by: owner thread
    private Dictionary<string, string>? _forwarders; // Guarded by: owner thread

    /// <summary>Finds a member of one type by name and whole signature.</summary>
    public bool TryFindMember(
        TypeDefinitionHandle type, string name, string signature, bool isMethod, out EntityHandle member)
    {
        if (!_members.TryGetValue(type, out var members))
        {
            members = ReadMembers(type);
            _members.Add(type, members);
        }

        return members.TryGetValue(MemberKey(name, signature, isMethod), out member);
    }

    /// <summary>Finds the assembly that a type has been forwarded to.</summary>
    public bool TryFindForwarder(string name, out string assembly)
    {
        if (_forwarders is null)
        {
            _forwarders = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (type, target) in Forwarders())
            {
                _forwarders.TryAdd(type, target);
            }
        }

        return _forwarders.TryGetValue(name, out assembly!);
    }

    /// <summary>The types that this assembly forwards, and where to.</summary>
    public IEnumerable<(string Type, string Assembly)> Forwarders()
    {
        foreach (var handle in Metadata.ExportedTypes)
        {
            var type = Metadata.GetExportedType(handle);
            var name = Qualified(Text(type.Namespace), Text(type.Name));
            for (var depth = 0; type.Implementation.Kind == HandleKind.ExportedType; depth++)
            {
                CheckNesting(depth);
                type = Metadata.GetExportedType((ExportedTypeHandle)type.Implementation);
                name = Qualified(Text(type.Namespace), Text(type.Name)) + "." + name;
            }

            if (type.Implementation.Kind == HandleKind.AssemblyReference)
            {
                var reference = Metadata.GetAssemblyReference((AssemblyReferenceHandle)type.Implementation);
                yield return (name, Text(reference.Name));
            }
        }
    }

    /// <summary>The names of the assemblies that this one references.</summary>
    public IEnumerable<string> AssemblyReferences()
    {
        foreach (var handle in Metadata.AssemblyReferences)
        {
            yield return Text(Metadata.GetAssemblyReference(handle).Name);
        }
    }

    /// <summary>Whether another assembly can see a type: it and the types around it are public or protected.</summary>
    public bool IsVisible(TypeDefinitionHandle handle)
    {
        for (var depth = 0; depth < NestingMax; depth++)
        {
            var type = Metadata.GetTypeDefinition(handle);
            switch (type.Attributes & TypeAttributes.VisibilityMask)
            {
                case TypeAttributes.Public:
                    return true;
                case TypeAttributes.NestedPublic:
                case TypeAttributes.NestedFamily:
                case TypeAttributes.NestedFamORAssem:
                    handle = type.GetDeclaringType();
                    break;
                default:
                    return false;
            }
        }

        return false;
    }

    /// <summary>Whether another assembly can see a member.</summary>
    public bool IsVisible(MemberDef member)
    {
        var visible = member.IsMethod
            ? (member.Method.Attributes & MethodAttributes.MemberAccessMask)
                is MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem
            : (member.Field.Attributes & FieldAttributes.FieldAccessMask)
                is FieldAttributes.Public or FieldAttributes.Family or FieldAttributes.FamORAssem;
        return visible && IsVisible(member.DeclaringType.Handle);
    }

    private Dictionary<string, EntityHandle> ReadMembers(TypeDefinitionHandle handle)
    {
        var type = Metadata.GetTypeDefinition(handle);
        var members = new Dictionary<string, EntityHandle>(StringComparer.Ordinal);
        foreach (var method in type.GetMethods())
        {
            var row = Metadata.GetMethodDefinition(method);
            members.TryAdd(
                MemberKey(Text(row.Name), SignatureText.Read(this, row.Signature).Full, isMethod: true), method);
        }

        foreach (var field in type.GetFields())
        {
            var row = Metadata.GetFieldDefinition(field);
            members.TryAdd(
                MemberKey(Text(row.Name), SignatureText.Read(this, row.Signature).Full, isMethod: false), field);
        }

        return members;
    }

    private static string MemberKey(string name, string signature, bool isMethod) =>
        (isMethod ? "M " : "F ") + name + " " + signature;
}
