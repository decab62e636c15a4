// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using System.Reflection.Metadata;
using System.Text;

namespace Hmm.Core.Modules.Metadata;

/// <summary>
/// Finds everything in the core and in other modules that an assembly refers to, by whatever route: types and members
/// named by its tables (which generics, nested types, delegates and attributes all go through), members inherited
/// through its own types, methods it overrides, interfaces it implements, types it forwards, and types that the
/// arguments of its attributes name as text. Also finds what would go around the runtime's access checks.
/// </summary>
internal sealed class ReferenceCollector
{
    private const string AccessBypass = "System.Runtime.CompilerServices.IgnoresAccessChecksToAttribute";
    private const string Accessor = "System.Runtime.CompilerServices.UnsafeAccessorAttribute";
    private const string AccessorType = "System.Runtime.CompilerServices.UnsafeAccessorTypeAttribute";

    private readonly MetadataImage _image; // Guarded by: owner thread
    private readonly MetadataUniverse _universe; // Guarded by: owner thread
    private readonly IReadOnlySet<string> _own; // Guarded by: immutable
    private readonly IReadOnlySet<string> _protected; // Guarded by: immutable
    private readonly HashSet<SymbolReference> _found = []; // Guarded by: owner thread
    private readonly List<string> _bypasses = []; // Guarded by: owner thread

    private ReferenceCollector(
        MetadataImage image, MetadataUniverse universe, IReadOnlySet<string> own, IReadOnlySet<string> protectedNames)
    {
        _image = image;
        _universe = universe;
        _own = own;
        _protected = protectedNames;
    }

    /// <summary>Collects the references of one assembly.</summary>
    /// <param name="image">The assembly.</param>
    /// <param name="universe">Where references resolve; holds <paramref name="image"/> too.</param>
    /// <param name="own">
    /// The names of the module's own assemblies: references between them are nobody's business.
    /// </param>
    /// <param name="protectedNames">The assemblies whose access checks nobody may go around.</param>
    public static CollectedReferences Collect(
        MetadataImage image, MetadataUniverse universe, IReadOnlySet<string> own, IReadOnlySet<string> protectedNames)
    {
        var collector = new ReferenceCollector(image, universe, own, protectedNames);
        collector.CollectTypes();
        collector.CollectMembers();
        collector.CollectInheritance();
        collector.CollectForwarders();
        collector.CollectAttributes();
        return new CollectedReferences(collector._found, collector._bypasses);
    }

    private void CollectTypes()
    {
        foreach (var handle in _image.Metadata.TypeReferences)
        {
            AddType(_image.KeyOf(handle));
        }
    }

    private void AddType(TypeKey key)
    {
        if (_universe.TryFindType(key, out var type))
        {
            AddType(type);
        }
        else if (_universe.Contains(key.Assembly) && !_own.Contains(key.Assembly))
        {
            _found.Add(new SymbolReference(key.Assembly, key.Name, ReferenceState.Missing));
        }
    }

    private void AddType(TypeDef type)
    {
        if (IsForeign(type))
        {
            Add(type.Image.Name, type.Name, type.Image.IsVisible(type.Handle));
        }
    }

    private void AddMember(MemberDef member)
    {
        if (IsForeign(member.DeclaringType))
        {
            Add(member.Image.Name, member.Symbol, member.Image.IsVisible(member));
        }
    }

    private void Add(string owner, string symbol, bool visible) =>
        _found.Add(new SymbolReference(owner, symbol, visible ? ReferenceState.Visible : ReferenceState.Hidden));

    private bool IsForeign(TypeDef type) => !_own.Contains(type.Image.Name);

    private void CollectMembers()
    {
        foreach (var handle in _image.Metadata.MemberReferences)
        {
            var reference = _image.Metadata.GetMemberReference(handle);
            if (reference.Parent.Kind is HandleKind.MethodDefinition or HandleKind.ModuleReference
                || _image.KeyOf(reference.Parent) is not { } start
                || !_universe.Contains(start.Assembly))
            {
                continue;
            }

            var name = _image.Text(reference.Name);
            var signature = SignatureText.Read(_image, reference.Signature);
            var isMethod = reference.GetKind() == MemberReferenceKind.Method;
            if (_universe.TryFindMember(start, name, signature.Full, isMethod, out var member, out var leftUniverse))
            {
                AddMember(member);
            }
            else if (!_own.Contains(start.Assembly) && !(leftUniverse && IsOfObject(name)))
            {
                _found.Add(
                    new SymbolReference(
                        start.Assembly, $"{start.Name}.{name}{signature.Parameters}", ReferenceState.Missing));
            }
        }
    }

    /// <summary>
    /// The methods that every type has from <see cref="object"/>, which some compilers name on the
    /// type itself.
    /// </summary>
    private static bool IsOfObject(string name) =>
        name is nameof(ToString) or nameof(Equals) or nameof(GetHashCode) or nameof(GetType);

    private void CollectInheritance()
    {
        foreach (var handle in _image.Metadata.TypeDefinitions)
        {
            var type = new TypeDef(_image, handle);
            foreach (var parent in _universe.BasesOf(type))
            {
                if (IsForeign(parent))
                {
                    AddOverridden(type, parent);
                }
            }

            foreach (var contract in _universe.InterfacesOf(type))
            {
                if (IsForeign(contract))
                {
                    AddType(contract);
                    foreach (var method in contract.Row.GetMethods())
                    {
                        _image.Budget.Spend(1);
                        AddMember(new MemberDef(contract.Image, method));
                    }
                }
            }
        }
    }

    /// <summary>
    /// Overriding is using. Matched by name and parameter count, because a generic base spells its
    /// types differently.
    /// </summary>
    private void AddOverridden(TypeDef type, TypeDef parent)
    {
        foreach (var handle in type.Row.GetMethods())
        {
            var method = _image.Metadata.GetMethodDefinition(handle);
            if ((method.Attributes & (MethodAttributes.Virtual | MethodAttributes.NewSlot)) != MethodAttributes.Virtual)
            {
                continue;
            }

            var name = _image.Text(method.Name);
            var count = ParameterCount(_image, method);
            foreach (var candidate in parent.Row.GetMethods())
            {
                _image.Budget.Spend(1);
                var target = parent.Image.Metadata.GetMethodDefinition(candidate);
                if ((target.Attributes & MethodAttributes.Virtual) != 0
                    && parent.Image.Metadata.StringComparer.Equals(target.Name, name)
                    && ParameterCount(parent.Image, target) == count)
                {
                    AddMember(new MemberDef(parent.Image, candidate));
                }
            }
        }
    }

    private static int ParameterCount(MetadataImage image, MethodDefinition method)
    {
        var signature = image.Metadata.GetBlobReader(method.Signature);
        var header = signature.ReadSignatureHeader();
        if (header.IsGeneric)
        {
            _ = signature.ReadCompressedInteger();
        }

        return signature.ReadCompressedInteger();
    }

    private void CollectForwarders()
    {
        foreach (var (type, assembly) in _image.Forwarders())
        {
            AddType(new TypeKey(assembly, type));
        }
    }

    private void CollectAttributes()
    {
        foreach (var handle in _image.Metadata.CustomAttributes)
        {
            var row = _image.Metadata.GetCustomAttribute(handle);
            var attribute = AttributeReader.Read(_image, row);
            switch (attribute.Type.Name)
            {
                case AccessBypass:
                    _bypasses.Add(
                        $"it switches off access checks ([IgnoresAccessChecksTo(\"{attribute.TextAt(0)}\")])");
                    break;
                case Accessor:
                    CheckAccessor(row);
                    break;
                case AccessorType when Names(attribute, row):
                    _bypasses.Add($"an unsafe accessor names '{attribute.TextAt(0)}'");
                    break;
            }

            foreach (var text in attribute.TypeNames)
            {
                AddNamed(text);
            }

            foreach (var name in attribute.Named.Keys)
            {
                AddSetter(attribute.Type, name);
            }

            if (!attribute.IsReadable && Names(attribute, row))
            {
                _bypasses.Add(
                    $"the arguments of an attribute {attribute.Type.Name} name a protected assembly, and cannot be "
                        + "read");
            }
        }
    }

    /// <summary>
    /// An unsafe accessor reaches the type of its first parameter, or of its result where it is a
    /// constructor.
    /// </summary>
    private void CheckAccessor(CustomAttribute attribute)
    {
        if (attribute.Parent.Kind != HandleKind.MethodDefinition)
        {
            return;
        }

        var method = _image.Metadata.GetMethodDefinition((MethodDefinitionHandle)attribute.Parent);
        var types = new List<EntityHandle>();
        var signature = SignatureText.Read(_image, method.Signature, types);
        var target = types.Select(t => _image.KeyOf(t)).FirstOrDefault(
            k => k is { } key && _protected.Contains(key.Assembly));
        if (target is { } reached)
        {
            _bypasses.Add($"an unsafe accessor '{_image.Text(method.Name)}' reaches into {reached.Name}");
        }
        else if (signature.Parameters.Contains("(!", StringComparison.Ordinal))
        {
            _bypasses.Add(
                $"an unsafe accessor '{_image.Text(method.Name)}' reaches into a generic parameter, which could be "
                    + "anything");
        }
    }

    private bool Names(AttributeData attribute, CustomAttribute row)
    {
        if (_own.Contains(attribute.Type.Assembly) && attribute.IsReadable && attribute.Type.Name != AccessorType)
        {
            return false;
        }

        var blob = _image.Metadata.GetBlobBytes(row.Value).AsSpan();
        _image.Budget.Spend((blob.Length + 1) * _protected.Count);
        foreach (var name in _protected)
        {
            if (blob.IndexOf(Encoding.UTF8.GetBytes(name)) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private void AddNamed(string text)
    {
        // TypeName reads untrusted text, with a limit on its nodes.
        if (!TypeName.TryParse(text, out var root, new TypeNameParseOptions { MaxNodes = 64 }))
        {
            return;
        }

        var open = new Stack<TypeName>([root]);
        while (open.TryPop(out var name))
        {
            _image.Budget.Spend(1 + text.Length);
            if (name.IsConstructedGenericType)
            {
                foreach (var argument in name.GetGenericArguments())
                {
                    open.Push(argument);
                }

                open.Push(name.GetGenericTypeDefinition());
            }
            else if (name.IsArray || name.IsPointer || name.IsByRef)
            {
                open.Push(name.GetElementType());
            }
            else if (name.AssemblyName is { } assembly)
            {
                AddType(new TypeKey(assembly.Name, name.FullName.Replace('+', '.')));
            }
        }
    }

    private void AddSetter(TypeKey attribute, string name)
    {
        if (!_universe.TryFindType(attribute, out var type) || !IsForeign(type))
        {
            return;
        }

        foreach (var method in type.Row.GetMethods())
        {
            _image.Budget.Spend(1);
            if (type.Image.Metadata.StringComparer.Equals(
                type.Image.Metadata.GetMethodDefinition(method).Name, "set_" + name))
            {
                AddMember(new MemberDef(type.Image, method));
            }
        }
    }
}
