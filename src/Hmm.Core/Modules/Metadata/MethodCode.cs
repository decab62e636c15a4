// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace Hmm.Core.Modules.Metadata;

/// <summary>
/// Walks the instructions of a method and reports those that carry a metadata token: which members and types the code
/// names. Nothing is executed.
/// </summary>
internal static class MethodCode
{
    /// <summary>The first byte of the two-byte instructions.</summary>
    private const byte Prefix = 0xfe;

    private static readonly OperandType?[] s_oneByte = new OperandType?[256]; // Guarded by: immutable
    private static readonly OperandType?[] s_twoByte = new OperandType?[256]; // Guarded by: immutable

    static MethodCode()
    {
        foreach (var field in typeof(OpCodes).GetFields())
        {
            if (field.GetValue(null) is OpCode code)
            {
                var table = code.Size == 1 ? s_oneByte : s_twoByte;
                table[(byte)code.Value] = code.OperandType;
            }
        }
    }

    /// <summary>The tokens in the order of the code.</summary>
    /// <exception cref="BadImageFormatException">The code is not valid.</exception>
    public static IReadOnlyList<EntityHandle> Tokens(BlobReader code)
    {
        var tokens = new List<EntityHandle>();
        while (code.RemainingBytes > 0)
        {
            var first = code.ReadByte();
            var operand = first == Prefix ? s_twoByte[code.ReadByte()] : s_oneByte[first];
            switch (operand)
            {
                case OperandType.InlineNone:
                    break;
                case OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType
                    or OperandType.InlineTok:
                    tokens.Add(MetadataTokens.EntityHandle(code.ReadInt32()));
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    _ = code.ReadByte();
                    break;
                case OperandType.InlineVar:
                    _ = code.ReadUInt16();
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    _ = code.ReadUInt64();
                    break;
                case OperandType.InlineSwitch:
                    Skip(ref code, 4L * code.ReadUInt32());
                    break;
                case OperandType.InlineBrTarget or OperandType.InlineI or OperandType.ShortInlineR
                    or OperandType.InlineSig or OperandType.InlineString:
                    _ = code.ReadUInt32();
                    break;
                default:
                    throw new BadImageFormatException("a method has an unknown instruction");
            }
        }

        return tokens;
    }

    private static void Skip(ref BlobReader code, long length)
    {
        if (length > code.RemainingBytes)
        {
            throw new BadImageFormatException("a switch is longer than its method");
        }

        code.Offset += (int)length;
    }
}
