// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Reflection.Metadata;
using System.Text;

namespace Hmm.Core.Modules.Metadata;

/// <summary>
/// Turns a signature blob into text. The runtime library's decoder recurses as deep as the blob asks for, which a
/// crafted one turns into a stack overflow; this one has limits on depth and length.
/// </summary>
internal sealed class SignatureText
{
    /// <summary>How deep types may nest: real signatures stay under 10.</summary>
    private const int DepthMax = 40;

    /// <summary>The longest text, in characters: 200 parameters of 80.</summary>
    private const int LengthMax = 16 * 1024;

    private readonly MetadataImage _image; // Guarded by: owner thread
    private readonly StringBuilder _text = new(); // Guarded by: owner thread
    private readonly ICollection<EntityHandle>? _types; // Guarded by: owner thread
    private BlobReader _blob; // Guarded by: owner thread

    private SignatureText(MetadataImage image, BlobHandle signature, ICollection<EntityHandle>? types)
    {
        _image = image;
        _types = types;
        _blob = image.Metadata.GetBlobReader(signature);
        image.Budget.Spend(_blob.Length + 1);
    }

    /// <summary>Reads the signature of a method definition, or of a member reference of either kind.</summary>
    /// <param name="image">The image that the blob belongs to.</param>
    /// <param name="signature">The blob.</param>
    /// <param name="types">Receives every type that the signature mentions, where given.</param>
    public static MemberSignature Read(
        MetadataImage image, BlobHandle signature, ICollection<EntityHandle>? types = null)
    {
        var reader = new SignatureText(image, signature, types);
        var header = reader._blob.ReadSignatureHeader();
        return header.Kind switch
        {
            SignatureKind.Field => new MemberSignature(string.Empty, reader.TypeText(), string.Empty),
            SignatureKind.Method or SignatureKind.Property => reader.Method(header),
            _ => throw new BadImageFormatException("a member has a signature of another kind"),
        };
    }

    /// <summary>
    /// The type at the head of a type specification: <c>List`1</c> of <c>List`1&lt;int&gt;</c>; nil
    /// for arrays, pointers
    /// and generic parameters, which have no members that an assembly defines.
    /// </summary>
    public static EntityHandle HeadOf(MetadataImage image, BlobHandle specification)
    {
        var reader = new SignatureText(image, specification, null);
        var code = reader._blob.ReadSignatureTypeCode();
        if (code == SignatureTypeCode.GenericTypeInstance)
        {
            code = reader._blob.ReadSignatureTypeCode();
        }

        return code == SignatureTypeCode.TypeHandle ? reader._blob.ReadTypeHandle() : default;
    }

    private MemberSignature Method(SignatureHeader header)
    {
        var convention = (header.IsInstance ? "instance" : "static")
            + (header.CallingConvention == SignatureCallingConvention.Default ? "" : " " + header.CallingConvention)
            + (header.HasExplicitThis ? " explicit" : "");
        var arity = header.IsGeneric ? _blob.ReadCompressedInteger() : 0;
        var count = _blob.ReadCompressedInteger();
        var returnType = TypeText();
        _text.Clear();
        if (arity > 0)
        {
            Append("``");
            Append(arity.ToString(CultureInfo.InvariantCulture));
        }

        Append("(");
        Parameters(count, 0);
        Append(")");
        return new MemberSignature(_text.ToString(), returnType, convention);
    }

    private void Parameters(int count, int depth)
    {
        for (var i = 0; i < count; i++)
        {
            if (i > 0)
            {
                Append(",");
            }

            // Each parameter consumes at least one byte of the blob, so the blob's end bounds this loop.
            Type(depth);
        }
    }

    private string TypeText()
    {
        _text.Clear();
        Type(0);
        return _text.ToString();
    }

    private void Type(int depth)
    {
        if (depth > DepthMax)
        {
            throw new BadImageFormatException("a signature nests too deep");
        }

        var code = _blob.ReadSignatureTypeCode();
        switch (code)
        {
            case SignatureTypeCode.TypeHandle:
                Append(Mentioned(_blob.ReadTypeHandle()));
                break;
            case SignatureTypeCode.GenericTypeInstance:
                GenericInstance(depth);
                break;
            case SignatureTypeCode.GenericTypeParameter:
            case SignatureTypeCode.GenericMethodParameter:
                Append(code == SignatureTypeCode.GenericTypeParameter ? "!" : "!!");
                Append(_blob.ReadCompressedInteger().ToString(CultureInfo.InvariantCulture));
                break;
            case SignatureTypeCode.RequiredModifier:
            case SignatureTypeCode.OptionalModifier:
                var modifier = Mentioned(_blob.ReadTypeHandle());
                Type(depth + 1);
                Append(code == SignatureTypeCode.RequiredModifier ? " modreq(" : " modopt(");
                Append(modifier);
                Append(")");
                break;
            case SignatureTypeCode.Array:
                Array(depth);
                break;
            case SignatureTypeCode.FunctionPointer:
                FunctionPointer(depth);
                break;
            case SignatureTypeCode.SZArray:
            case SignatureTypeCode.Pointer:
            case SignatureTypeCode.ByReference:
            case SignatureTypeCode.Pinned:
                Type(depth + 1);
                Append(code switch
                {
                    SignatureTypeCode.SZArray => "[]",
                    SignatureTypeCode.Pointer => "*",
                    SignatureTypeCode.ByReference => "&",
                    _ => " pinned",
                });
                break;
            case SignatureTypeCode.Sentinel:
                Append("...");
                Type(depth + 1);
                break;
            default:
                Append(Primitive(code));
                break;
        }
    }

    private void GenericInstance(int depth)
    {
        Type(depth + 1);
        var count = _blob.ReadCompressedInteger();
        Append("<");
        Parameters(count, depth + 1);
        Append(">");
    }

    private void Array(int depth)
    {
        Type(depth + 1);
        var rank = _blob.ReadCompressedInteger();
        var sizes = _blob.ReadCompressedInteger();
        for (var i = 0; i < sizes; i++)
        {
            _ = _blob.ReadCompressedInteger();
        }

        var bounds = _blob.ReadCompressedInteger();
        for (var i = 0; i < bounds; i++)
        {
            _ = _blob.ReadCompressedSignedInteger();
        }

        Append(string.Create(CultureInfo.InvariantCulture, $"[rank {rank}]"));
    }

    private void FunctionPointer(int depth)
    {
        var header = _blob.ReadSignatureHeader();
        var count = _blob.ReadCompressedInteger();
        Append("method ");
        Append(header.CallingConvention.ToString());
        Append(" ");
        Type(depth + 1);
        Append("(");
        Parameters(count, depth + 1);
        Append(")");
    }

    private string Mentioned(EntityHandle type)
    {
        _types?.Add(type);
        return type.Kind switch
        {
            HandleKind.TypeDefinition => _image.NameOf((TypeDefinitionHandle)type),
            HandleKind.TypeReference => _image.KeyOf((TypeReferenceHandle)type).Name,
            _ => throw new BadImageFormatException("a signature names something that is not a type"),
        };
    }

    private void Append(string text)
    {
        _image.Budget.Spend(text.Length);
        if (_text.Length + text.Length > LengthMax)
        {
            throw new BadImageFormatException("a signature is too long");
        }

        _text.Append(text);
    }

    private static string Primitive(SignatureTypeCode code) => code switch
    {
        >= SignatureTypeCode.Void and <= SignatureTypeCode.String => "System." + code,
        SignatureTypeCode.TypedReference or SignatureTypeCode.IntPtr or SignatureTypeCode.UIntPtr
            or SignatureTypeCode.Object => "System." + code,
        _ => throw new BadImageFormatException("a signature has an unknown type code"),
    };
}
