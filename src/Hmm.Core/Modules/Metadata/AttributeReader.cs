// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using System.Reflection.Metadata;

namespace Hmm.Core.Modules.Metadata;

/// <summary>
/// Reads custom attributes (ECMA-335 II.23.3) with a limit on depth, which the runtime library's decoder lacks.
/// </summary>
internal sealed class AttributeReader
{
    /// <summary>How deep boxed arrays may nest in arguments.</summary>
    private const int DepthMax = 8;

    /// <summary>The serialised type codes that are not element types.</summary>
    private const byte CodeType = 0x50, CodeBoxed = 0x51, CodeField = 0x53, CodeProperty = 0x54, CodeEnum = 0x55;

    /// <summary>The element types used here, besides the primitives 0x02 to 0x0e.</summary>
    private const byte ElementString = 0x0e, ElementValueType = 0x11, ElementClass = 0x12,
        ElementObject = 0x1c, ElementArray = 0x1d;

    private readonly MetadataImage _image; // Guarded by: owner thread
    private readonly List<string> _typeNames = []; // Guarded by: owner thread
    private BlobReader _blob; // Guarded by: owner thread

    private AttributeReader(MetadataImage image, BlobHandle value)
    {
        _image = image;
        _blob = image.Metadata.GetBlobReader(value);
        image.Budget.Spend(_blob.Length + 1);
    }

    /// <summary>All attributes of one declaration.</summary>
    public static IEnumerable<AttributeData> ReadAll(MetadataImage image, CustomAttributeHandleCollection handles)
    {
        foreach (var handle in handles)
        {
            yield return Read(image, image.Metadata.GetCustomAttribute(handle));
        }
    }

    /// <summary>Reads one attribute.</summary>
    public static AttributeData Read(MetadataImage image, CustomAttribute attribute)
    {
        var metadata = image.Metadata;
        var (parent, signature) = attribute.Constructor.Kind switch
        {
            HandleKind.MethodDefinition when metadata.GetMethodDefinition(
                (MethodDefinitionHandle)attribute.Constructor) is var m =>
                ((EntityHandle)m.GetDeclaringType(), m.Signature),
            HandleKind.MemberReference when metadata.GetMemberReference(
                (MemberReferenceHandle)attribute.Constructor) is var m =>
                (m.Parent, m.Signature),
            _ => throw new BadImageFormatException("an attribute has no constructor"),
        };
        var type = image.KeyOf(parent) ?? throw new BadImageFormatException("an attribute has no type");
        try
        {
            return new AttributeReader(image, attribute.Value).Decode(type, metadata.GetBlobReader(signature));
        }
        catch (BadImageFormatException)
        {
            return new AttributeData(type, [], new Dictionary<string, object?>(), [], IsReadable: false);
        }
    }

    private AttributeData Decode(TypeKey type, BlobReader signature)
    {
        if (_blob.ReadUInt16() != 1)
        {
            throw new BadImageFormatException("an attribute has no prolog");
        }

        var header = signature.ReadSignatureHeader();
        if (header.Kind != SignatureKind.Method || header.IsGeneric)
        {
            throw new BadImageFormatException("an attribute's constructor is not a method");
        }

        var count = signature.ReadCompressedInteger();
        _ = signature.ReadByte();
        var arguments = new List<object?>();
        for (var i = 0; i < count; i++)
        {
            arguments.Add(Value(ParameterCode(ref signature, out var element), element, 0));
        }

        var named = new Dictionary<string, object?>(StringComparer.Ordinal);
        for (var left = _blob.ReadUInt16(); left > 0; left--)
        {
            if (_blob.ReadByte() is not (CodeField or CodeProperty))
            {
                throw new BadImageFormatException("a named argument is neither a field nor a property");
            }

            var code = SerializedCode(out var element);
            var name = String() ?? "";
            named[name] = Value(code, element, 0);
        }

        return _blob.RemainingBytes == 0
            ? new AttributeData(type, arguments, named, _typeNames, IsReadable: true)
            : throw new BadImageFormatException("an attribute is longer than its arguments");
    }

    /// <summary>
    /// Reads a parameter's type from the constructor's signature, as the code that its value is
    /// stored under.
    /// </summary>
    private byte ParameterCode(ref BlobReader signature, out byte element)
    {
        element = 0;
        var code = signature.ReadByte();
        switch (code)
        {
            case ElementClass:
                _ = signature.ReadTypeHandle();
                return CodeType;
            case ElementValueType:
                return UnderlyingOf(signature.ReadTypeHandle());
            case ElementObject:
                return CodeBoxed;
            case ElementArray:
                element = ParameterCode(ref signature, out _);
                return ElementArray;
            default:
                return code;
        }
    }

    /// <summary>Reads a type from the attribute itself: before a named argument or a boxed value.</summary>
    private byte SerializedCode(out byte element)
    {
        element = 0;
        var code = _blob.ReadByte();
        if (code == CodeEnum)
        {
            // An enum of this or another assembly: nearly all are 32 bits wide. Where one is not, the lengths do not
            // add up, and the attribute counts as unreadable.
            _typeNames.Add(String() ?? "");
            return (byte)SignatureTypeCode.Int32;
        }

        if (code == ElementArray)
        {
            element = SerializedCode(out _);
        }

        return code;
    }

    private byte UnderlyingOf(EntityHandle type)
    {
        if (type.Kind == HandleKind.TypeDefinition)
        {
            var metadata = _image.Metadata;
            foreach (var handle in metadata.GetTypeDefinition((TypeDefinitionHandle)type).GetFields())
            {
                var field = metadata.GetFieldDefinition(handle);
                _image.Budget.Spend(1);
                if ((field.Attributes & FieldAttributes.Static) == 0)
                {
                    var signature = metadata.GetBlobReader(field.Signature);
                    _ = signature.ReadSignatureHeader();
                    return signature.ReadByte();
                }
            }
        }

        return (byte)SignatureTypeCode.Int32;
    }

    private object? Value(byte code, byte element, int depth)
    {
        if (depth > DepthMax)
        {
            throw new BadImageFormatException("an attribute's arguments nest too deep");
        }

        switch (code)
        {
            case CodeType:
                var name = String();
                _typeNames.Add(name ?? "");
                return name;
            case CodeBoxed:
                var boxed = SerializedCode(out var inner);
                return Value(boxed, inner, depth + 1);
            case ElementArray:
                return Array(element, depth);
            case ElementString:
                return String();
            default:
                return Primitive(code);
        }
    }

    private object?[]? Array(byte element, int depth)
    {
        var count = _blob.ReadInt32();
        if (count == -1)
        {
            return null;
        }

        // Every element takes at least a byte, so a count beyond the blob is a lie.
        if (count < 0 || count > _blob.RemainingBytes)
        {
            throw new BadImageFormatException("an attribute's array is longer than the attribute");
        }

        var values = new object?[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = Value(element, 0, depth + 1);
        }

        return values;
    }

    private string? String() => _blob.ReadSerializedString();

    private object Primitive(byte code) => (SignatureTypeCode)code switch
    {
        SignatureTypeCode.Boolean => _blob.ReadBoolean(),
        SignatureTypeCode.Char => _blob.ReadChar(),
        SignatureTypeCode.SByte => _blob.ReadSByte(),
        SignatureTypeCode.Byte => _blob.ReadByte(),
        SignatureTypeCode.Int16 => _blob.ReadInt16(),
        SignatureTypeCode.UInt16 => _blob.ReadUInt16(),
        SignatureTypeCode.Int32 => _blob.ReadInt32(),
        SignatureTypeCode.UInt32 => _blob.ReadUInt32(),
        SignatureTypeCode.Int64 => _blob.ReadInt64(),
        SignatureTypeCode.UInt64 => _blob.ReadUInt64(),
        SignatureTypeCode.Single => _blob.ReadSingle(),
        SignatureTypeCode.Double => _blob.ReadDouble(),
        _ => throw new BadImageFormatException("an attribute's argument has an unknown type"),
    };
}
