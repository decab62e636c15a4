// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Tests;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("4096", 4096)]
    [InlineData("4096B", 4096)]
    [InlineData("64k", 64 << 10)]
    [InlineData("64K", 64 << 10)]
    [InlineData("256MiB", 256 << 20)]
    [InlineData("256 MiB", 256 << 20)]
    [InlineData("256mib", 256 << 20)]
    [InlineData("1GiB", 1 << 30)]
    [InlineData("3T", 3L << 40)]
    [InlineData("8191PiB", 8191L << 50)]
    public void SizesAreReadAsPowersOf1024(string text, ulong expected)
    {
        Assert.True(ByteSize.TryParse(text, out var bytes, out var error), error);
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("", "is not a size")]
    [InlineData("MiB", "is not a size")]
    [InlineData("-1", "is not a size")]
    [InlineData("1.5GiB", "is not a size")]
    [InlineData("12 parsecs", "is not a size")]
    [InlineData("0x10", "is not a size")]
    [InlineData("256MB", "write 256MiB")]
    [InlineData("8192PiB", "larger than any machine")]
    [InlineData("18446744073709551616", "larger than any machine")]
    public void BadSizesGetOneSentence(string text, string words)
    {
        Assert.False(ByteSize.TryParse(text, out var bytes, out var error));
        Assert.Equal(0UL, bytes);
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.EndsWith(".", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "0.98 KiB")]
    [InlineData(1 << 20, "1.00 MiB")]
    [InlineData(160 << 20, "160 MiB")]
    [InlineData((1 << 30) - 1, "1.00 GiB")]
    [InlineData(15L << 39, "7.50 TiB")]
    [InlineData(1023L << 40, "1.00 PiB")]
    public void SizesPrintWithThreeDigits(double bytes, string expected) =>
        Assert.Equal(expected, ByteSize.Format(bytes));

    [Fact]
    public void WholeUnitsSurviveAWrittenAndReadSize()
    {
        for (var shift = 0; shift < 60; shift += 10)
        {
            Assert.True(ByteSize.TryParse(ByteSize.Format(7UL << shift).Replace(".00", ""), out var bytes, out _));
            Assert.Equal(7UL << shift, bytes);
        }
    }
}
