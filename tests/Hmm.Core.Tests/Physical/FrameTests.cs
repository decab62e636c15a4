// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using Hmm.Core.Physical;
using Xunit;

namespace Hmm.Core.Tests.Physical;

public sealed class FrameTests
{
    [Fact]
    public void IsExactly24Bytes() => Assert.Equal(24, Unsafe.SizeOf<Frame>());

    [Fact]
    public void CountsHolders()
    {
        var frame = default(Frame);
        Assert.True(frame.TryHandOut());
        Assert.False(frame.TryHandOut());
        Assert.True(frame.TryAddHolder());
        Assert.Equal(2, frame.References);
        Assert.Equal(FrameDrop.StillHeld, frame.DropHolder());
        Assert.Equal(FrameDrop.Last, frame.DropHolder());
        Assert.Equal(0, frame.References);
    }

    [Fact]
    public void GivesNoHolderToAFreeFrame()
    {
        var frame = default(Frame);
        Assert.False(frame.TryAddHolder());
        Assert.False(frame.TryAddHolderUnlessFree());
        Assert.Equal(FrameDrop.Underflow, frame.DropHolder());
        Assert.Equal(0, frame.References);
        frame.TryHandOut();
        Assert.True(frame.TryAddHolderUnlessFree());
        Assert.Equal(2, frame.References);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void SaturatesAndStaysForEver(bool unlessFree)
    {
        var frame = default(Frame);

        // The count is the first field.
        Unsafe.As<Frame, int>(ref frame) = int.MaxValue;
        Assert.Equal(int.MaxValue, frame.References);
        Assert.True(unlessFree ? frame.TryAddHolderUnlessFree() : frame.TryAddHolder());
        Assert.Equal(Frame.Saturated, frame.References);
        for (var i = 0; i < 1_000; i++)
        {
            Assert.Equal(FrameDrop.StillHeld, frame.DropHolder());
            Assert.True(frame.TryAddHolder());
            Assert.True(frame.TryAddHolderUnlessFree());
        }

        Assert.Equal(Frame.Saturated, frame.References);
        Assert.False(frame.TryHandOut());
    }
}
