// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.System.Tests.Support;

// Private hosts, as applications start them.
internal static class Hosts
{
    internal const int MiB = 1 << 20;

    internal static HmmHost Start(int budgetMiB = 4, params string[] devices)
    {
        var options = new HmmHostOptions { BudgetBytes = budgetMiB * (long)MiB };
        foreach (var device in devices.Length > 0 ? devices : ["memory,size=256MiB"])
        {
            options.Devices.Add(device);
        }

        return HmmHost.Start(options);
    }

    // A host on a folder of its own, with the default device.
    internal static HmmHost StartIn(string folder, long deviceBytes = 256L * MiB, int budgetMiB = 2) =>
        HmmHost.Start(new HmmHostOptions { BudgetBytes =
            budgetMiB * (long)MiB, DeviceFolder = folder, DeviceSizeBytes = deviceBytes });

    // Writes a pattern to a whole array and reads it back when most of it has been away.
    internal static void WriteAndCheck(HmmArray<ulong> array, int round = 0)
    {
        Write(array, 0, array.Length, round);
        Check(array, 0, array.Length, round);
    }

    internal static void Write(HmmArray<ulong> array, long start, long count, int round = 0)
    {
        for (var done = 0L; done < count;)
        {
            var step = (int)Math.Min(count - done, 32 * 1024);
            array.Write(start + done, Pattern.Words(start + done, step, round));
            done += step;
        }
    }

    internal static void Check(HmmArray<ulong> array, long start, long count, int round = 0)
    {
        var words = new ulong[32 * 1024];
        for (var done = 0L; done < count;)
        {
            var step = (int)Math.Min(count - done, words.Length);
            array.Read(start + done, words.AsSpan(0, step));
            for (var i = 0; i < step; i++)
            {
                if (words[i] != Pattern.At(start + done + i, round))
                {
                    Assert.Fail(
                        $"element {start + done + i} is {words[i]:x} and not {Pattern.At(start + done + i, round):x}");
                }
            }

            done += step;
        }
    }

    // Waits for something that happens soon, by itself, in another process.
    internal static void Eventually(Func<bool> happened, string what)
    {
        var limit = DateTime.UtcNow + TimeSpan.FromSeconds(30);
        while (!happened())
        {
            Assert.True(DateTime.UtcNow < limit, $"not within 30 s: {what}");
            Thread.Sleep(10); // Waits: another process says nothing when it is done
        }
    }
}
