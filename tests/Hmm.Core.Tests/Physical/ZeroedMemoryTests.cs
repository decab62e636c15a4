// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Uapi;
using Xunit;
using static Hmm.Core.Tests.Physical.PageMapWorld;

namespace Hmm.Core.Tests.Physical;

public sealed class ZeroedMemoryTests
{
    [Fact]
    public unsafe void IsZeroAndContiguous()
    {
        using var memory = new ZeroedMemory(1_000, 24);
        Assert.Equal(-1, new ReadOnlySpan<byte>((void*)memory.Address, 24_000).IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 58)]
    public void SaysWhenThereIsNoAddressSpace(ulong elements) =>
        Expect(Errno.ENOMEM, () => new ZeroedMemory(elements, 24).Dispose());

    [Fact]
    public void IsFreedOnce()
    {
        var memory = new ZeroedMemory(1, 8);
        memory.Dispose();
        memory.Dispose();
        Assert.Equal(0, memory.Address);
    }
}
