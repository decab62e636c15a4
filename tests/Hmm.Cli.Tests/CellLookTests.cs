// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Demo.Presenters;
using Hmm.Uapi;

namespace Hmm.Cli.Tests;

public sealed class CellLookTests
{
    [Theory]
    [InlineData(0, 0, 0, '·')]
    [InlineData(255, 0, 0, '▓')]
    [InlineData(255, 255, 0, '█')]
    [InlineData(255, 100, 0, '▓')]
    [InlineData(0, 0, 255, '▒')]
    [InlineData(100, 100, 155, '▒')]
    [InlineData(155, 0, 100, '▓')]
    [InlineData(60, 0, 60, '·')]
    public void ACellLooksLikeMostOfItsPages(byte resident, byte dirty, byte onDevice, char glyph)
    {
        var cell = new ResidencyCell { Resident = resident, Dirty = dirty, OnDevice = onDevice };
        Assert.Equal(glyph, CellLook.Of(cell).Glyph);
    }

    [Fact]
    public void OneLostPageShowsWhateverTheRestIs() => Assert.Equal(
        'X', CellLook.Of(new ResidencyCell { Resident = 255, Marks = CellMarks.Poisoned | CellMarks.Pinned }).Glyph);
}
