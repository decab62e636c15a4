// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.System.Tests.Support;
using Hmm.Uapi;

namespace Hmm.System.Tests.Parts;

// Applications that do not end well.
internal static class Doomed
{
    private const int MiB = 1 << 20;

    // Writes all of a shared file, says so, and waits to be killed.
    internal static int WriteShared(string socket, string file)
    {
        using var host = HmmHost.Connect(socket);
        using var array = host.MapFile<ulong>(file, HmmMapMode.Shared);
        for (var i = 0L; i < array.Length; i++)
        {
            array[i] = Pattern.At(i, round: 1);
        }

        Say("written");
        Console.ReadLine();
        return 1;
    }

    // Faults, hints, pins and drops from many threads, until it is killed.
    internal static int Burn(string socket, string seed)
    {
        using var host = HmmHost.Connect(socket);
        using var array = host.Allocate<ulong>(16 * MiB / sizeof(ulong));
        var threads = new Thread[4];
        for (var i = 0; i < threads.Length; i++)
        {
            var number = i;
            threads[i] =
                new Thread(() => BurnOne(array, new Random(int.Parse(seed, CultureInfo.InvariantCulture) + number)));
            threads[i].Start();
        }

        Say("burning");
        Array.ForEach(threads, static thread => thread.Join());
        return 1;
    }

    // Touches a page of a host that does not answer, and is killed while it waits.
    internal static int WaitForPage(string socket)
    {
        using var host = HmmHost.Connect(socket);
        using var array = host.Allocate<ulong>(16 * MiB / sizeof(ulong));
        Hosts.Write(array, 0, array.Length);
        Say("ready");
        Console.ReadLine();
        Say("touching");
        return array[0] == Pattern.At(0) ? 1 : 2;
    }

    // Touches a page whose bytes are gone for good.
    internal static int TouchLost(string file)
    {
        using var host = Hosts.Start();
        using var array = host.MapFile<byte>(file);
        Say("mapped");
        Console.ReadLine();
        return array[array.Length - 1] == 0 ? 1 : 2;
    }

    // Ignores Ctrl+C and goes on with data of which most is away.
    internal static int Interrupted()
    {
        Console.CancelKeyPress += static (_, key) =>
        {
            key.Cancel = true;
            Say("interrupted");
        };
        using var host = Hosts.Start(2);
        using var array = host.Allocate<ulong>(16 * MiB / sizeof(ulong));
        Hosts.Write(array, 0, array.Length);
        Say("ready");
        Console.ReadLine();
        Hosts.Check(array, 0, array.Length);
        Say("right");
        return 0;
    }

    private static void BurnOne(HmmArray<ulong> array, Random random)
    {
        while (true)
        {
            var at = random.NextInt64(array.Length);
            var count = Math.Min(random.Next(1, 4096), array.Length - at);
            switch (random.Next(64))
            {
                case 0:
                    DropUnlessPinned(array, at, count);
                    break;
                case 1:
                    array.Prefetch(at, count);
                    break;
                case 2:
                    array.WillWrite(at, count);
                    break;
                case 3:
                    PinOnce(array, at, count);
                    break;
                default:
                    array[at] = (ulong)at;
                    break;
            }
        }
    }

    private static void PinOnce(HmmArray<ulong> array, long at, long count)
    {
        try
        {
            array.Pin(at, count).Dispose();
        }
        catch (HmmException refused) when (refused.Errno == Errno.ENOMEM)
        {
            // Others have pinned their half of the budget.
        }
    }

    private static void DropUnlessPinned(HmmArray<ulong> array, long at, long count)
    {
        try
        {
            array.DontNeed(at, count);
        }
        catch (HmmException refused) when (refused.Errno == Errno.EBUSY)
        {
            // Another thread holds a pin there.
        }
    }

    private static void Say(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }
}
