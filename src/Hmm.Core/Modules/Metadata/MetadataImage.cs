// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;

namespace Hmm.Core.Modules.Metadata;

/// <summary>
/// One assembly's metadata, read without loading it: names of types and members, as the export table spells them.
/// </summary>
/// <remarks>
/// Ownership: whoever creates it disposes it. Thread-safety: none; one thread reads at a time,
/// because names are cached.
/// Errors: malformed metadata is a <see cref="BadImageFormatException"/>, or one of the few other exceptions that
/// <see cref="ModuleImageReader"/> lists; no file makes it loop, recurse or allocate without a bound.
/// </remarks>
internal sealed partial class MetadataImage : IDisposable
{
    /// <summary>The longest name of a type, member or assembly: the limit of ECMA-335 II.22 (1023 bytes).</summary>
    private const int NameLengthMax = 1023;

    /// <summary>How deep types may nest; the deepest in the .NET libraries is 5.</summary>
    private const int NestingMax = 32;

    private readonly PEReader? _pe; // Guarded by: owner thread
    private readonly TypeKey?[] _references; // Guarded by: owner thread
    private readonly string?[] _definitions; // Guarded by: owner thread
    private Dictionary<string, TypeDefinitionHandle>? _byName; // Guarded by: owner thread

    private MetadataImage(PEReader? pe, MetadataReader metadata, WorkBudget budget)
    {
        _pe = pe;
        Metadata = metadata;
        Budget = budget;
        _references = new TypeKey?[metadata.GetTableRowCount(TableIndex.TypeRef) + 1];
        _definitions = new string?[metadata.GetTableRowCount(TableIndex.TypeDef) + 1];
        Name = metadata.IsAssembly
            ? Text(metadata.GetAssemblyDefinition().Name)
            : throw new BadImageFormatException("it is a .netmodule, not an assembly");
    }

    /// <summary>The tables.</summary>
    public MetadataReader Metadata { get; }

    /// <summary>What reading this image may still cost.</summary>
    public WorkBudget Budget { get; }

    /// <summary>The assembly's simple name.</summary>
    public string Name { get; }

    /// <summary>The PE headers; null for an image that came from a loaded assembly.</summary>
    public PEHeaders? Headers => _pe?.PEHeaders;

    /// <summary>Reads an assembly from the bytes of its file.</summary>
    public static MetadataImage FromBytes(byte[] bytes)
    {
        var pe = new PEReader(ImmutableCollectionsMarshal.AsImmutableArray(bytes));
        try
        {
            if (!pe.HasMetadata)
            {
                throw new BadImageFormatException("it is a native binary without .NET metadata");
            }

            return new MetadataImage(pe, pe.GetMetadataReader(), WorkBudget.ForFile(bytes.Length));
        }
        catch
        {
            pe.Dispose();
            throw;
        }
    }

    /// <summary>Reads the metadata of a loaded assembly from memory; it has no method bodies.</summary>
    public static unsafe MetadataImage FromLoaded(Assembly assembly)
    {
        // Safe: the runtime keeps the metadata mapped as long as the assembly is loaded, and the core's and the shared
        // assemblies, the only ones read this way, stay loaded until the process ends.
        if (!assembly.TryGetRawMetadata(out var blob, out var length))
        {
            throw new BadImageFormatException($"{assembly.GetName().Name} has no metadata in memory");
        }

        return new MetadataImage(null, new MetadataReader(blob, length), WorkBudget.Unlimited());
    }

    /// <summary>The text of a name.</summary>
    public string Text(StringHandle handle)
    {
        var length = Metadata.GetBlobReader(handle).Length;
        Budget.Spend(length + 1);
        return length <= NameLengthMax
            ? Metadata.GetString(handle)
            : throw new BadImageFormatException("a name is longer than 1023 bytes");
    }

    /// <summary>The full name of a type of this assembly.</summary>
    public string NameOf(TypeDefinitionHandle handle)
    {
        var row = MetadataTokens.GetRowNumber(handle);
        return _definitions[row] ??= ReadName(handle);
    }

    /// <summary>The assembly and full name that a type reference names.</summary>
    public TypeKey KeyOf(TypeReferenceHandle handle)
    {
        var row = MetadataTokens.GetRowNumber(handle);
        return _references[row] ??= ReadKey(handle);
    }

    /// <summary>
    /// The type that a TypeDef, TypeRef or TypeSpec handle is about; null for arrays, pointers and
    /// parameters.
    /// </summary>
    public TypeKey? KeyOf(EntityHandle handle)
    {
        if (handle.Kind == HandleKind.TypeSpecification)
        {
            handle = SignatureText.HeadOf(
                this, Metadata.GetTypeSpecification((TypeSpecificationHandle)handle).Signature);
        }

        return handle.Kind switch
        {
            HandleKind.TypeDefinition when !handle.IsNil => new TypeKey(Name, NameOf((TypeDefinitionHandle)handle)),
            HandleKind.TypeReference when !handle.IsNil => KeyOf((TypeReferenceHandle)handle),
            _ => null,
        };
    }

    /// <summary>Finds a type of this assembly by full name.</summary>
    public bool TryFindType(string name, out TypeDefinitionHandle handle)
    {
        if (_byName is null)
        {
            _byName = new Dictionary<string, TypeDefinitionHandle>(StringComparer.Ordinal);
            foreach (var type in Metadata.TypeDefinitions)
            {
                _byName.TryAdd(NameOf(type), type);
            }
        }

        return _byName.TryGetValue(name, out handle);
    }

    /// <summary>
    /// The export symbol of a member: <c>Namespace.Type.Method(Parameter,Parameter)</c>. Conversions, which may differ
    /// in their result alone, add <c>~Result</c>.
    /// </summary>
    public string SymbolOf(MemberDef member)
    {
        var type = NameOf(member.DeclaringType.Handle);
        if (!member.IsMethod)
        {
            return $"{type}.{Text(member.Field.Name)}";
        }

        var method = member.Method;
        var name = Text(method.Name);
        var signature = SignatureText.Read(this, method.Signature);
        var result = name is "op_Implicit" or "op_Explicit" ? "~" + signature.ReturnType : "";
        return $"{type}.{name}{signature.Parameters}{result}";
    }

    /// <summary>The instructions of a method; an empty reader where it has none.</summary>
    public BlobReader InstructionsOf(MethodDefinition method)
    {
        if (method.RelativeVirtualAddress == 0 || _pe is null)
        {
            return default;
        }

        var reader = _pe.GetMethodBody(method.RelativeVirtualAddress).GetILReader();
        Budget.Spend(reader.Length);
        return reader;
    }

    public void Dispose() => _pe?.Dispose();

    private string ReadName(TypeDefinitionHandle handle)
    {
        var type = Metadata.GetTypeDefinition(handle);
        var name = Qualified(Text(type.Namespace), Text(type.Name));
        var outer = type.GetDeclaringType();
        for (var depth = 0; !outer.IsNil; depth++)
        {
            CheckNesting(depth);
            type = Metadata.GetTypeDefinition(outer);
            name = Qualified(Text(type.Namespace), Text(type.Name)) + "." + name;
            outer = type.GetDeclaringType();
        }

        return name;
    }

    private TypeKey ReadKey(TypeReferenceHandle handle)
    {
        var type = Metadata.GetTypeReference(handle);
        var name = Qualified(Text(type.Namespace), Text(type.Name));
        for (var depth = 0; type.ResolutionScope.Kind == HandleKind.TypeReference; depth++)
        {
            CheckNesting(depth);
            type = Metadata.GetTypeReference((TypeReferenceHandle)type.ResolutionScope);
            name = Qualified(Text(type.Namespace), Text(type.Name)) + "." + name;
        }

        return type.ResolutionScope.Kind switch
        {
            HandleKind.AssemblyReference =>
                new TypeKey(
                    Text(Metadata.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name), name),
            HandleKind.ModuleDefinition => new TypeKey(Name, name),
            _ => throw new BadImageFormatException("it spans several files, which modules may not"),
        };
    }

    private void CheckNesting(int depth)
    {
        Budget.Spend(1);
        if (depth >= NestingMax)
        {
            throw new BadImageFormatException("its types nest too deep, or in a circle");
        }
    }

    private static string Qualified(string space, string name) => space.Length == 0 ? name : space + "." + name;
}
