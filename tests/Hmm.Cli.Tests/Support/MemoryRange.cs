// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Demo;
using Hmm.Uapi;

namespace Hmm.Cli.Tests.Support;

/// <summary>A range of plain memory that a test can break, to see that the demo notices.</summary>
internal sealed class MemoryRange(long lengthBytes) : IDemoRange
{
    private readonly byte[] _bytes = new byte[lengthBytes];

    public long LengthBytes => _bytes.Length;

    public ulong ResidentBytes { get; set; }

    public Statistics Statistics { get; set; }

    public Span<byte> Span(long start, int length) => _bytes.AsSpan((int)start, length);

    public ResidencyCell[] Residency(int cells) => new ResidencyCell[cells];
}
