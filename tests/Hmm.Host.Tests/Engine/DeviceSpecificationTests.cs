// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Host.Engine;
using Hmm.Uapi;

namespace Hmm.Host.Tests.Engine;

public sealed class DeviceSpecificationTests
{
    [Theory]
    [InlineData("block", "block")]
    [InlineData("block,folder=/var/tmp,size=64GiB", "block folder=/var/tmp,size=64GiB")]
    [InlineData("compressed,block", "compressed|block")]
    [InlineData("compressed,memory=1GiB,block,folder=/a", "compressed memory=1GiB|block folder=/a")]
    public void APartWithoutAValueBeginsTheNextDevice(string text, string expected)
    {
        var parsed = DeviceSpecification.ParseAll(text)
            .Select(static device => $"{device.Driver} {device.Detail}".TrimEnd());
        Assert.Equal(expected, string.Join('|', parsed));
    }

    [Fact]
    public void TheNameIsNoParameter()
    {
        var parsed = DeviceSpecification.Parse("block,name=fast,size=1GiB");
        Assert.Equal(("fast", "size=1GiB"), (parsed.Name, parsed.Detail));
    }

    [Theory]
    [InlineData("block,=1")]
    [InlineData("block,")]
    [InlineData("block,size=1,size=2")]
    public void APartThatIsNeitherIsRefused(string text)
    {
        var error = Assert.Throws<HmmException>(() => DeviceSpecification.ParseAll(text).ToList());
        Assert.Equal(Errno.EINVAL, error.Errno);
        Assert.Contains("must be PARAMETER=VALUE", error.Message, StringComparison.Ordinal);
    }
}
