// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Sessions;

/// <summary>
/// The checks that stand between a message and an operation. They change nothing.
/// </summary>
internal sealed partial class Session
{
    private const string TooLong =
        "A request has at most 512 bytes and 2 descriptors; send what the page on the boundary describes.";

    /// <summary>Length, version, and Hello first.</summary>
    private void CheckHeader(ReadOnlySpan<byte> message, in MessageHeader header)
    {
        if (message.Length < MessageHeader.StructBytes)
        {
            ThrowMalformed($"A message of {message.Length} bytes has no header; one has 16 bytes.");
        }

        if (header.SizeBytes != (uint)message.Length)
        {
            ThrowMalformed($"The header says {header.SizeBytes} bytes and the message has {message.Length}.");
        }

        if (header.Operation == Operation.Hello)
        {
            if (_greeted)
            {
                throw new ProtocolException(
                    Errno.EPROTO,
                    "Hello comes once; open another connection for another session.");
            }

            return;
        }

        if (!_greeted)
        {
            throw new ProtocolException(
                Errno.EPROTO,
                "The first message of a session is Hello; send it before any other.");
        }

        if (header.Version != _replies.Version)
        {
            throw new ProtocolException(
                Errno.EPROTONOSUPPORT,
                $"The message is of version {header.Version} and the session of version {_replies.Version}; "
                + "send the version that Hello agreed on.");
        }
    }

    /// <summary>
    /// Reads a message that must be exactly one struct, with so many descriptors.
    /// </summary>
    private static T Read<T>(ReadOnlySpan<byte> message, ReceivedDescriptors descriptors, int expected = 0)
        where T : unmanaged
    {
        if (!Wire.TryReadExact<T>(message, out var request))
        {
            ThrowMalformed(
                $"The operation's message never has {message.Length} bytes; see the page on the boundary.");
        }

        CheckDescriptors(descriptors, expected);
        return request;
    }

    private static void CheckDescriptors(ReceivedDescriptors descriptors, int expected)
    {
        if (descriptors.Count != expected)
        {
            ThrowMalformed(
                $"The operation takes {expected} descriptors and the message came with {descriptors.Count}.");
        }
    }

    private static void CheckReserved(ulong reserved)
    {
        if (reserved != 0)
        {
            ThrowMalformed("A reserved field is not zero; clear the message before filling it in.");
        }
    }

    /// <summary>
    /// An enum's value must be one that this version defines: 0 to <paramref name="max"/>.
    /// </summary>
    private static void CheckValue(uint value, uint max, string field)
    {
        if (value > max)
        {
            ThrowMalformed($"{field} {value} is unknown; this version knows 0 to {max}.");
        }
    }

    private static string CheckName(in FixedName name)
    {
        if (!name.TryGetText(out var text))
        {
            ThrowMalformed("A name is UTF-8 without control characters, of at most 63 bytes, padded with zeros.");
        }

        return text;
    }

    private SessionRange FindRange(ulong rangeId)
    {
        if (!_ranges.TryFind(rangeId, out var range))
        {
            throw new HmmException(
                Errno.ENOENT,
                $"The session has no open range {rangeId}; use the number that CreateRange returned.");
        }

        return range;
    }

    /// <summary>
    /// Finds the range of a page span and checks that the span lies inside of it.
    /// </summary>
    private SessionRange FindSpan(in PageSpanRequest request)
    {
        var range = FindRange(request.RangeId);
        if (!IsInside(range, in request))
        {
            throw new HmmException(
                Errno.EINVAL,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{request.PageCount} pages from page {request.FirstPage} are not inside range {range.Id}, ")
                + $"which has {range.PageCount}; name at least one page, and only pages of the range.");
        }

        return range;
    }

    private static bool IsInside(SessionRange range, in PageSpanRequest request) =>
        request.PageCount > 0
        && request.PageCount <= range.PageCount
        && request.FirstPage <= range.PageCount - request.PageCount;

    private void RequireAdministration(string what)
    {
        if ((_granted & Features.Administration) == 0)
        {
            throw new HmmException(
                Errno.EPERM,
                $"{what} needs the Administration feature; ask for it in Hello, as root or as the host's own user.");
        }
    }

    private static void CheckRangeShape(in CreateRangeRequest request)
    {
        if (request.PageShift is < Limits.PageShiftMin or > Limits.PageShiftMax)
        {
            ThrowInvalid($"The page shift is {request.PageShift}; use 12 (4 KiB) to 21 (2 MiB).");
        }

        var page = 1UL << (int)request.PageShift;
        if (request.LengthBytes == 0 || request.LengthBytes % page != 0)
        {
            ThrowInvalid(
                $"The length is {request.LengthBytes} bytes; use a multiple of the page size, {page}, above 0.");
        }

        if (request.LengthBytes > Limits.RangeBytesMax)
        {
            throw new HmmException(
                Errno.EFBIG,
                $"The length is {request.LengthBytes} bytes; a range has at most {Limits.RangeBytesMax}.");
        }

        if (request.BaseAddress == 0 || request.BaseAddress % page != 0)
        {
            ThrowInvalid(
                $"The address is 0x{request.BaseAddress:x}; use a multiple of the page size, {page}, above 0.");
        }

        // The length is at most 2^46 by now, so this cannot wrap.
        if (request.BaseAddress > Limits.AddressEnd - request.LengthBytes)
        {
            ThrowInvalid($"The range at 0x{request.BaseAddress:x} would end beyond user space (2^56).");
        }

        var fileBytesMin = request.Kind == RangeKind.Anonymous ? 0 : request.LengthBytes - page + 1;
        var fileBytesMax = request.Kind == RangeKind.Anonymous ? 0 : request.LengthBytes;
        if (request.FileBytes < fileBytesMin || request.FileBytes > fileBytesMax)
        {
            ThrowInvalid(
                $"The file's bytes are {request.FileBytes}; a range of this kind and length covers {fileBytesMin} to "
                + $"{fileBytesMax} bytes of a file.");
        }
    }

    [DoesNotReturn]
    private static void ThrowMalformed(string sentence) => throw new ProtocolException(Errno.EBADMSG, sentence);

    [DoesNotReturn]
    private static void ThrowInvalid(string sentence) => throw new HmmException(Errno.EINVAL, sentence);
}
