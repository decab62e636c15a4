// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using System.Reflection.Metadata;
using Hmm.Core.Modules.Metadata;

namespace Hmm.Core.Modules.Exports;

/// <summary>
/// Reads what an assembly exports from its metadata. In the core public means exported, and a public declaration
/// without a class is a problem; in a module only what carries a class is exported.
/// </summary>
internal sealed class ExportReader
{
    private static readonly string s_plain = typeof(ExportSymbolAttribute).FullName!; // Guarded by: immutable
    private static readonly string s_gplOnly = typeof(ExportSymbolGplAttribute).FullName!; // Guarded by: immutable
    private static readonly string s_core = typeof(
        ExportSymbolAttribute).Assembly.GetName().Name!; // Guarded by: immutable

    private readonly MetadataImage _image; // Guarded by: owner thread
    private readonly bool _publicMeansExported; // Guarded by: immutable
    private readonly Dictionary<EntityHandle, List<AttributeData>> _classes = []; // Guarded by: owner thread
    private readonly Dictionary<EntityHandle, EntityHandle> _accessors = []; // Guarded by: owner thread
    private readonly List<Export> _exports = []; // Guarded by: owner thread
    private readonly List<string> _problems = []; // Guarded by: owner thread

    private ExportReader(MetadataImage image, bool publicMeansExported)
    {
        _image = image;
        _publicMeansExported = publicMeansExported;
    }

    /// <summary>Reads the exports of an assembly.</summary>
    /// <param name="image">The assembly.</param>
    /// <param name="publicMeansExported">True for the core, where every public declaration must have a class.</param>
    public static ExportSurface Read(MetadataImage image, bool publicMeansExported)
    {
        var reader = new ExportReader(image, publicMeansExported);
        reader.ReadClasses();
        if (publicMeansExported || reader._classes.Count > 0)
        {
            foreach (var type in image.Metadata.TypeDefinitions)
            {
                if (image.IsVisible(type))
                {
                    reader.ReadType(type);
                }
            }
        }

        return new ExportSurface(reader._exports, reader._problems);
    }

    /// <summary>Whether a type is one of the two class attributes.</summary>
    public static bool IsClassAttribute(TypeKey type) =>
        type.Assembly == s_core && (type.Name == s_plain || type.Name == s_gplOnly);

    private void ReadClasses()
    {
        foreach (var handle in _image.Metadata.CustomAttributes)
        {
            var row = _image.Metadata.GetCustomAttribute(handle);
            if (!MayBeClass(row))
            {
                continue;
            }

            var attribute = AttributeReader.Read(_image, row);
            if (IsClassAttribute(attribute.Type))
            {
                if (!_classes.TryGetValue(row.Parent, out var list))
                {
                    _classes.Add(row.Parent, list = []);
                }

                list.Add(attribute);
            }
        }
    }

    /// <summary>
    /// Most attributes are the compiler's own: looking at the type first saves reading their
    /// arguments.
    /// </summary>
    private bool MayBeClass(CustomAttribute attribute)
    {
        var metadata = _image.Metadata;
        EntityHandle? parent = attribute.Constructor.Kind switch
        {
            HandleKind.MethodDefinition =>
                metadata.GetMethodDefinition((MethodDefinitionHandle)attribute.Constructor).GetDeclaringType(),
            HandleKind.MemberReference =>
                metadata.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent,
            _ => null,
        };
        return parent is { IsNil: false } type && _image.KeyOf(type) is { } key && IsClassAttribute(key);
    }

    private void ReadType(TypeDefinitionHandle handle)
    {
        var type = _image.Metadata.GetTypeDefinition(handle);
        foreach (var property in type.GetProperties())
        {
            var accessors = _image.Metadata.GetPropertyDefinition(property).GetAccessors();
            MapAccessors(property, accessors.Getter, accessors.Setter);
        }

        foreach (var @event in type.GetEvents())
        {
            var accessors = _image.Metadata.GetEventDefinition(@event).GetAccessors();
            MapAccessors(@event, accessors.Adder, accessors.Remover);
        }

        var name = _image.NameOf(handle);
        Add(handle, handle, name, () => ShapeOf(handle, type));
        foreach (var method in type.GetMethods())
        {
            AddMember(handle, new MemberDef(_image, method));
        }

        foreach (var field in type.GetFields())
        {
            // Constants are copied into their users, so metadata never refers to them; neither to an enum's storage.
            if ((
                _image.Metadata.GetFieldDefinition(field).Attributes & (
                    FieldAttributes.Literal | FieldAttributes.RTSpecialName)) == 0)
            {
                AddMember(handle, new MemberDef(_image, field));
            }
        }
    }

    private void MapAccessors(EntityHandle owner, params ReadOnlySpan<MethodDefinitionHandle> accessors)
    {
        foreach (var accessor in accessors)
        {
            if (!accessor.IsNil)
            {
                _accessors[accessor] = owner;
            }
        }
    }

    private void AddMember(TypeDefinitionHandle type, MemberDef member)
    {
        if (_image.IsVisible(member))
        {
            Add(member.Handle, type, member.Symbol, () => FullSignature(member));
        }
    }

    private void Add(EntityHandle declaration, TypeDefinitionHandle type, string symbol, Func<string> signature)
    {
        var carrier = CarrierOf(declaration, type);
        if (carrier.IsNil)
        {
            if (_publicMeansExported)
            {
                _problems.Add(
                    $"{symbol} is public and has no export class: add [ExportSymbol] or [ExportSymbolGpl], or make "
                        + "it internal.");
            }

            return;
        }

        var classes = _classes[carrier];
        var attribute = classes[0];
        var gplOnly = attribute.Type.Name == s_gplOnly;
        var modules = (attribute.NamedText(nameof(ExportSymbolGplAttribute.AllowedModules)) ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var space = attribute.NamedText(nameof(ExportSymbolAttribute.Namespace));
        if (classes.Count > 1)
        {
            _problems.Add($"{symbol} has {classes.Count} export classes: leave one.");
        }

        if (modules.Length > 0 && space is not null)
        {
            _problems.Add($"{symbol} has a namespace and a list of modules: leave one.");
        }

        _exports.Add(new Export(
            symbol,
            _image.Name,
            gplOnly ? ExportClass.GplOnly : ExportClass.Plain,
            space,
            modules,
            Crc32.Of(symbol + " " + signature()),
            UnitOf(carrier, symbol),
            attribute.NamedText(nameof(ExportSymbolAttribute.Justification))));
    }

    /// <summary>
    /// The declaration whose attribute says the class: itself, its property or event, its type, the
    /// type around that.
    /// </summary>
    private EntityHandle CarrierOf(EntityHandle declaration, TypeDefinitionHandle type)
    {
        if (_classes.ContainsKey(declaration))
        {
            return declaration;
        }

        if (_accessors.TryGetValue(declaration, out var owner) && _classes.ContainsKey(owner))
        {
            return owner;
        }

        // IsVisible has walked this chain and found it short and without a circle.
        for (var outer = type; !outer.IsNil; outer = _image.Metadata.GetTypeDefinition(outer).GetDeclaringType())
        {
            if (_classes.ContainsKey(outer))
            {
                return outer;
            }
        }

        return default;
    }

    private string UnitOf(EntityHandle carrier, string symbol) => carrier.Kind switch
    {
        HandleKind.TypeDefinition => _image.NameOf((TypeDefinitionHandle)carrier),
        HandleKind.PropertyDefinition => PropertyUnit((PropertyDefinitionHandle)carrier, symbol),
        _ => symbol,
    };

    private string PropertyUnit(PropertyDefinitionHandle property, string accessor) =>
        accessor[..accessor.LastIndexOf('.', accessor.IndexOf('(', StringComparison.Ordinal))]
        + "." + _image.Text(_image.Metadata.GetPropertyDefinition(property).Name);

    private string FullSignature(MemberDef member) =>
        SignatureText.Read(_image, member.IsMethod ? member.Method.Signature : member.Field.Signature).Full;

    /// <summary>What a compiled user of a type depends on: its kind, its base, and for values their layout.</summary>
    private string ShapeOf(TypeDefinitionHandle handle, TypeDefinition type)
    {
        const TypeAttributes shape =
            TypeAttributes.Interface | TypeAttributes.Abstract | TypeAttributes.Sealed | TypeAttributes.LayoutMask;
        var parent = _image.KeyOf(type.BaseType)?.Name ?? "";
        var text = $"{type.Attributes & shape} {parent} {type.GetGenericParameters().Count}";
        if (parent is "System.ValueType" or "System.Enum")
        {
            foreach (var field in type.GetFields())
            {
                var row = _image.Metadata.GetFieldDefinition(field);
                text += " " + _image.Text(row.Name) + ":" + SignatureText.Read(_image, row.Signature).Full;
            }
        }

        return text;
    }
}
