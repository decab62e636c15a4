// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.System.Tests.Support;
using Hmm.Uapi;

namespace Hmm.System.Tests;

/// <summary>
/// A device that fills up: an error for whoever asks for more, nothing lost, and all well once
/// there is room.
/// </summary>
public sealed class DeviceFullTests
{
    private const int MiB = 1 << 20;
    private const int StepWords = 64 * 1024; // 512 KiB
    private const string Full = "device 'small': its file system is full; pages stay in DRAM or go to the next device";
    private const string Room = "device 'small': there is room again";

    [MountFact]
    public void GivesAnErrorKeepsWhatItHasAndGoesOnOnceThereIsRoom()
    {
        using var folder = new SmallFolder("6m");
        using var host = Hosts.StartIn(folder.Path, deviceBytes: 64 * MiB, budgetMiB: 2);
        using var array = host.Allocate<ulong>(32 * MiB / sizeof(ulong));
        var written = WriteUntilFull(array);
        Assert.InRange(written * sizeof(ulong), 4L * MiB, 9L * MiB);

        // What is in DRAM is right, and stays readable.
        var resident = 0;
        for (var at = 0L; at < written; at += 512)
        {
            if (array.Describe(at).State is PageStateCode.Clean or PageStateCode.Dirty)
            {
                Assert.Equal(Pattern.At(at), array[at]);
                resident++;
            }
        }

        Assert.True(resident > 100, $"{resident} pages are resident of a budget of 512");

        using var remount = Child.Start("mount", ["-o", "remount,size=64m", folder.Path]);
        Assert.Equal(0, remount.WaitForExit());
        for (var at = written; at < array.Length; at += StepWords)
        {
            Hosts.Eventually(() => TryWrite(array, at, out _), "the device has room again");
        }

        Hosts.Check(array, 0, array.Length);
    }

    [Fact]
    public void ADeviceOfFixedSizeFillsUpWithoutLosingAPageAndPeopleAreTold()
    {
        using var daemon = new Daemon("2MiB", "memory,size=4MiB") { MayComplain = true };
        using var host = daemon.Connect();
        using var array = host.Allocate<ulong>(32 * MiB / sizeof(ulong));
        var written = WriteUntilFull(array);
        Assert.InRange(written * sizeof(ulong), 4L * MiB, 7L * MiB);
        Hosts.Eventually(
            () => daemon.Errors.Contains("no page can leave DRAM ('memory0' has ", StringComparison.Ordinal),
            "people are told");

        // Room comes from the application itself this time.
        array.DontNeed(0, 2 * StepWords);
        for (var at = 2L * StepWords; at < written; at += StepWords)
        {
            Hosts.Eventually(() => TryCheck(array, at), "dropped pages made room");
        }
    }

    [MountFact]
    public void ABlockDeviceWhoseFileSystemFillsUpSaysSoOnceAndSaysWhenThereIsRoom()
    {
        using var folder = new SmallFolder("6m");
        using var daemon = new Daemon("2MiB", $"block,name=small,folder={folder.Path},size=64MiB")
        {
            MayComplain = true,
        };
        using var host = daemon.Connect();
        using var array = host.Allocate<ulong>(32 * MiB / sizeof(ulong));
        var written = WriteUntilFull(array);
        Assert.InRange(written * sizeof(ulong), 4L * MiB, 9L * MiB);
        Hosts.Eventually(() => LinesWith(daemon, Full) > 0, "people are told that the file system is full");

        // Pages that were not touched before wait for two seconds: in each the device tries whether there is room.
        for (var step = 1; step <= 2; step++)
        {
            Assert.False(TryWrite(array, written + (step * StepWords), out _), "nothing made room");
        }

        Assert.Equal((1, 0), (LinesWith(daemon, Full), LinesWith(daemon, Room)));
        using var remount = Child.Start("mount", ["-o", "remount,size=64m", folder.Path]);
        Assert.Equal(0, remount.WaitForExit());
        for (var at = written; at < array.Length; at += StepWords)
        {
            Hosts.Eventually(() => TryWrite(array, at, out _), "the device has room again");
        }

        Hosts.Eventually(() => LinesWith(daemon, Room) > 0, "people are told that there is room");
        Hosts.Check(array, 0, array.Length);
        Assert.Equal((1, 1), (LinesWith(daemon, Full), LinesWith(daemon, Room)));
    }

    private static int LinesWith(Daemon daemon, string words) =>
        daemon.Errors.Split('\n').Count(line => line.Contains(words, StringComparison.Ordinal));

    private static long WriteUntilFull(HmmArray<ulong> array)
    {
        for (var at = 0L; at < array.Length; at += StepWords)
        {
            if (!TryWrite(array, at, out var error))
            {
                Assert.True(error is Errno.EHWPOISON or Errno.EFAULT or Errno.ENOMEM, $"{error}");
                return at;
            }
        }

        Assert.Fail("the device never filled up");
        return 0;
    }

    private static bool TryWrite(HmmArray<ulong> array, long at, out Errno error)
    {
        try
        {
            array.Write(at, Pattern.Words(at, StepWords));
            error = Errno.None;
            return true;
        }
        catch (HmmException refused)
        {
            Refused.IsSentence(refused.Sentence);
            error = refused.Errno;
            return false;
        }
    }

    private static bool TryCheck(HmmArray<ulong> array, long at)
    {
        try
        {
            Hosts.Check(array, at, StepWords);
            return true;
        }
        catch (HmmException)
        {
            return false;
        }
    }
}
