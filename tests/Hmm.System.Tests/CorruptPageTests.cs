// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.System.Tests.Support;
using Hmm.Uapi;

namespace Hmm.System.Tests;

/// <summary>
/// A disk that changes bytes behind the host's back: an error, never wrong bytes, and people are told.
/// </summary>
public sealed class CorruptPageTests
{
    private const int MiB = 1 << 20;
    private const int PageWords = 512;
    private const int PageBytes = PageWords * sizeof(ulong);

    [Theory]
    [InlineData("no")]
    [InlineData("yes")]
    public void ADamagedDiskIsAnErrorForWhatItHolds(string encrypt)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("disk");
        File.WriteAllBytes(path, []);
        using var daemon = new Daemon("2MiB", $"block,name=disk,path={path},size=64MiB,encrypt={encrypt}")
        {
            MayComplain = true,
        };
        using var host = daemon.Connect();
        using var array = host.Allocate<ulong>(8 * MiB / sizeof(ulong));
        Hosts.Write(array, 0, array.Length);
        using (var noise = Child.Start(
            "dd", ["if=/dev/urandom", $"of={path}", "bs=1M", "count=80", "conv=notrunc,fsync", "status=none"]))
        {
            Assert.Equal(0, noise.WaitForExit());
        }

        var lost = 0;
        for (var at = 0L; at < array.Length; at += PageWords)
        {
            try
            {
                array.Populate(at, PageWords);
            }
            catch (HmmException refused)
            {
                Assert.Contains(refused.Errno, new[] { Errno.EHWPOISON, Errno.EFAULT });
                lost++;
                continue;
            }

            Assert.Equal(Pattern.At(at), array[at]);
            Assert.Equal(Pattern.At(at + PageWords - 1), array[at + PageWords - 1]);
        }

        Assert.InRange(lost, 6 * MiB / PageBytes * 9 / 10, 8 * MiB / PageBytes);
        Hosts.Eventually(
            () => daemon.Errors.Contains("was not read back as it was written", StringComparison.Ordinal),
            "people are told");
        Assert.True(array.Statistics.DeviceErrors >= 3UL * (ulong)lost, "each was tried three times");
        Assert.Equal((ulong)lost, array.Statistics.PoisonedPages);
        array.DontNeed(0, array.Length);
        Hosts.WriteAndCheck(array, round: 1);
    }
}
