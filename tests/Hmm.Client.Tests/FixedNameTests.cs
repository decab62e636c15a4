// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Uapi;

namespace Hmm.Client.Tests;

public sealed class FixedNameTests
{
    [Theory]
    [InlineData("")]
    [InlineData("block0")]
    [InlineData("größe/données")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890ab")]
    public void KeepsWhatFits(string text)
    {
        Assert.Equal(text, FixedName.Create(text).ToString());
        Assert.Equal(FixedName.Create(text), FixedName.Truncate(text));
        Assert.True(FixedName.Create(text) == FixedName.Create(text));
        Assert.True(FixedName.Create(text) != FixedName.Create("other"));
    }

    [Theory]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901ab")]
    [InlineData("line\nbreak")]
    [InlineData("nul\0")]
    [InlineData("a\0b")]
    public void RefusesWhatIsNoName(string text) => Assert.Throws<ArgumentException>(() => FixedName.Create(text));

    [Fact]
    public void RefusesHalfACharacter() => Assert.Throws<ArgumentException>(() => FixedName.Create("a\ud800"));

    [Fact]
    public void CutsForReports()
    {
        Assert.Equal(new string('x', 63), FixedName.Truncate(new string('x', 100)).ToString());
        Assert.Equal(new string('x', 62), FixedName.Truncate(new string('x', 62) + "é").ToString());
        Assert.Equal("a?b?", FixedName.Truncate("a\nb\ud800").ToString());
    }

    [Theory]
    [InlineData(63, 1)]
    [InlineData(5, 1)]
    [InlineData(0, 0xff)]
    [InlineData(0, 7)]
    public void FindsBytesThatAreNoName(int offset, byte value)
    {
        var bytes = new byte[Limits.NameBytes];
        bytes[offset] = value;
        if (offset == 63)
        {
            Array.Fill(bytes, value);
        }

        Assert.False(MemoryMarshal.Read<FixedName>(bytes).TryGetText(out var text));
        Assert.Empty(text);
    }
}
