// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;

namespace Hmm.Conformance;

/// <summary>
/// Pages on their way between devices: their bytes as they stand, what is said of each, and its number.
/// </summary>
internal sealed class Parcel(int frames) : IDisposable
{
    /// <summary>Their bytes, 4096 each.</summary>
    public PageBuffer Buffer { get; } = new(frames);

    /// <summary>What is said of each.</summary>
    public EncodedPage[] Said { get; } = new EncodedPage[frames];

    /// <summary>What each is.</summary>
    public ulong[] Numbers { get; } = new ulong[frames];

    /// <summary>How many of them are not plain.</summary>
    public int EncodedCount => Said.Count(static said => !said.Encoding.IsPlain);

    /// <summary>Fails if something that is said is not so.</summary>
    public void Check(IPeerMemoryOps taker)
    {
        Buffer.CheckGuards();
        using var page = new PageBuffer(1);
        for (var frame = 0; frame < Said.Length; frame++)
        {
            var said = Said[frame];
            Pages.Write(Numbers[frame], page.Page(0));
            var wrong = said.Encoding.IsPlain
                ? said.LengthBytes != Pfn.SizeBytes ? $"is plain and has {said.LengthBytes} bytes"
                    : said.Checksum != 0 ? $"is plain and has checksum {said.Checksum:x8}; a plain page has 0"
                    : !Buffer.Page(frame).SequenceEqual(page.Page(0)) ? "is plain and has other bytes" : null
                : !taker.Accepts(said.Encoding) ? $"is {said.Encoding}, which the other device does not accept"
                : said.LengthBytes is < 1 or > Pfn.SizeBytes ? $"has {said.LengthBytes} bytes; 1 to 4096 are possible"
                : said.Checksum != Checksum.OfFrame(page.Address) ? $"has checksum {said.Checksum:x8}, not the page's"
                : null;
            if (wrong is not null)
            {
                throw new ConformanceException(
                    $"a page of {Pages.KindOf(Numbers[frame])} was exported, and what is said of it is wrong: it "
                        + wrong);
            }

            // What goes with it by chance is not what it is made of.
            Buffer.Page(frame)[said.LengthBytes..].Fill(0xEE);
        }
    }

    public void Dispose() => Buffer.Dispose();
}
