// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Demo;

namespace Hmm.Cli.Tests;

public sealed class KeyDigestTests
{
    private static readonly ulong[] Keys = [1, 2, 3, 4, 5, 6, 7, 8];

    [Fact]
    public void OrderAndPartsDoNotMatter() =>
        Assert.Equal(Of(Keys), default(KeyDigest).Add(Keys.AsSpan(3)).Add([3, 1, 2]));

    [Theory]
    [InlineData(new ulong[] { 1, 2, 3, 4, 5, 6, 7 })] // one lost
    [InlineData(new ulong[] { 1, 2, 3, 4, 5, 6, 7, 9 })] // one changed
    [InlineData(new ulong[] { 2, 2, 2, 4, 5, 6, 7, 8 })] // two changed, the same sum
    [InlineData(new ulong[] { 1, 1, 4, 4, 5, 6, 7, 8 })] // one doubled and one changed, the same sum
    [InlineData(new ulong[] { 1, 2, 3, 4, 5, 6, 7, 8, 0 })] // a zero added
    public void ALostOrChangedKeyShows(ulong[] keys) => Assert.NotEqual(Of(Keys), Of(keys));

    private static KeyDigest Of(ulong[] keys) => default(KeyDigest).Add(keys);
}
