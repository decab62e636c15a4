// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Runtime.InteropServices;
using Hmm.System.Tests.Support;

namespace Hmm.System.Tests;

/// <summary>
/// Applications that end in the middle of something: nobody else notices, and what they wrote is
/// not lost.
/// </summary>
public sealed class ClientDeathTests
{
    private const int MiB = 1 << 20;

    [Fact]
    public void WritesASharedFileBackAfterItsWriterWasKilled()
    {
        const int Words = 12 * MiB / sizeof(ulong);
        using var folder = new TemporaryFolder();
        using var daemon = new Daemon("4MiB", $"block,folder={folder.Path},size=64MiB");
        Pattern.WriteFile(folder.File("data"), Words);
        using (var child = Child.Play("write-shared", daemon.SocketPath, folder.File("data")))
        {
            child.Expect("written");
            child.Kill();
            child.WaitForExit();
        }

        using var observer = daemon.Connect();
        Hosts.Eventually(() => observer.Ranges().Count == 0, "the session of the dead client is closed");
        Assert.Equal(Pattern.Bytes(Pattern.Words(0, Words, round: 1)), File.ReadAllBytes(folder.File("data")));
        HoldsNothing(observer);
    }

    [Fact]
    public void ServesOthersWhileClientsAreKilledUnderLoad()
    {
        using var folder = new TemporaryFolder();
        using var daemon = new Daemon("4MiB", $"block,folder={folder.Path},size=256MiB");
        using var host = daemon.Connect();
        using var array = host.Allocate<ulong>(8 * MiB / sizeof(ulong));
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var round = 0; round < 6; round++)
        {
            using var child =
                Child.Play("burn", daemon.SocketPath, (seed + round).ToString(CultureInfo.InvariantCulture));
            child.Expect("burning");
            Hosts.Write(array, 0, array.Length, round);
            Thread.Sleep(random.Next(100)); // Waits: to be killed at a moment that nobody chose
            child.Kill();
            Hosts.Check(array, 0, array.Length, round);
            Assert.Equal(128 + Signal.Kill, child.WaitForExit());
        }

        Hosts.Eventually(() => host.Ranges().Count == 1, "the sessions of the dead clients are closed");
        array.Dispose();
        HoldsNothing(host);
    }

    [Fact]
    public void LetsAClientDieThatWaitsForAPage()
    {
        using var daemon = new Daemon("2MiB", "memory,size=64MiB");
        using var observer = daemon.Connect();
        using var child = Child.Play("wait-for-page", daemon.SocketPath);
        child.Expect("ready");

        // A host that stands still is the slowest device of all: the touch below waits for it.
        Signal.Send(daemon.ProcessId, Signal.Stop);
        child.WriteLine("touch");
        child.Expect("touching");
        child.Kill();
        Assert.Equal(128 + Signal.Kill, child.WaitForExit());
        Signal.Send(daemon.ProcessId, Signal.Continue);
        Hosts.Eventually(() => observer.Ranges().Count == 0, "the session of the dead client is closed");
        HoldsNothing(observer);
    }

    [Fact]
    public void AForkOfTheApplicationSharesNoRange()
    {
        using var host = Hosts.Start(2);
        using var array = host.Allocate<ulong>(16 * MiB / sizeof(ulong));
        Hosts.Write(array, 0, array.Length);
        for (var i = 0; i < 20; i++)
        {
            // A fork and an exec, while most pages are away.
            using var child = Child.Start("/bin/true", []);
            Assert.Equal(0, child.WaitForExit());
        }

        Hosts.Check(array, 0, array.Length);
        Assert.Contains("dc", FlagsOf(AddressOf(array)).Split(' '));
    }

    // Nothing of ranges that are closed is left in the host. A range is not listed from the moment when its release
    // begins, which takes a while.
    private static void HoldsNothing(HmmHost host)
    {
        Hosts.Eventually(() => host.HostStatistics.ResidentPages == 0, "closed ranges take no DRAM");
        Hosts.Eventually(
            () => host.Devices().All(static device => device.UsedBytes == 0), "closed ranges take no device memory");
    }

    private static unsafe nint AddressOf(HmmArray<ulong> array) => (nint)array.Pointer;

    // The kernel's flags of the mapping at an address: "dc" is for one that a fork does not copy.
    private static string FlagsOf(nint address)
    {
        var inside = false;
        foreach (var line in File.ReadLines("/proc/self/smaps"))
        {
            var span = line.Split(' ')[0].Split('-');
            if (span.Length == 2)
            {
                inside = nint.Parse(span[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture) <= address
                    && address < nint.Parse(span[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            }
            else if (inside && line.StartsWith("VmFlags:", StringComparison.Ordinal))
            {
                return line["VmFlags:".Length..].Trim();
            }
        }

        Assert.Fail($"{RuntimeInformation.OSDescription} lists no mapping at {address:x}");
        return string.Empty;
    }
}
