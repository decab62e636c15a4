// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.System.Tests.Support;
using Hmm.Uapi;

namespace Hmm.System.Tests;

/// <summary>A host that ends: calls say so at once, and no byte is ever wrong.</summary>
public sealed class HostDeathTests
{
    private const int MiB = 1 << 20;

    [Fact]
    public void SaysThatItIsGoneAndKeepsWhatIsInMemory()
    {
        using var folder = new TemporaryFolder();
        Pattern.WriteFile(folder.File("data"), 512);
        using var host = Hosts.Start(2);
        using var array = host.Allocate<ulong>(8 * MiB / sizeof(ulong));
        var shared = host.MapFile<ulong>(folder.File("data"), HmmMapMode.Shared);
        shared[0] = 1;
        Hosts.Write(array, 0, array.Length);
        var resident = array.Length - 512;
        array.Populate(resident, 512);
        Signal.Send(host.HostProcessId, Signal.Kill);
        Hosts.Eventually(() => !host.IsConnected, "the connection ends");

        var clock = Stopwatch.StartNew();
        Refused.With(Errno.ECONNRESET, () => host.Allocate<int>(1), "host");
        Refused.With(Errno.ECONNRESET, () => host.MapFile<byte>(folder.File("data")), "host");
        Refused.With(Errno.ECONNRESET, () => array.Prefetch(0, 1), "host");
        Refused.With(Errno.ECONNRESET, () => array.Pin(0, 1), "host");
        Refused.With(Errno.ECONNRESET, () => array.Flush(), "host");
        Refused.With(Errno.ECONNRESET, () => _ = array.Describe(0), "host");
        Refused.With(Errno.ECONNRESET, () => _ = array.Statistics, "host");
        Refused.With(Errno.ECONNRESET, () => _ = host.Devices(), "host");
        Refused.With(Errno.ECONNRESET, () => array.Read(0, new ulong[64 * 1024]), "host");
        for (var i = resident; i < array.Length; i++)
        {
            Assert.Equal(Pattern.At(i), array[i]);
        }

        Refused.With(Errno.ECONNRESET, shared.Dispose, "host");
        array.Dispose();
        host.Dispose();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"calls without a host took {clock.Elapsed}");
    }

    [Fact]
    public async Task FailsACallThatWaitsForItsAnswer()
    {
        using var host = Hosts.Start(2);
        using var array = host.Allocate<ulong>(8 * MiB / sizeof(ulong));
        Signal.Send(host.HostProcessId, Signal.Stop);
        var pin = array.PinAsync(0, 512);
        var flush = array.FlushAsync();
        Assert.False(pin.IsCompleted || flush.IsCompleted, "a host that stands still answers nothing");
        Signal.Send(host.HostProcessId, Signal.Kill);
        Assert.Equal(Errno.ECONNRESET, (await Assert.ThrowsAsync<HmmException>(() => pin).WaitAsync(Runs.Limit)).Errno);
        Assert.Equal(
            Errno.ECONNRESET, (await Assert.ThrowsAsync<HmmException>(() => flush).WaitAsync(Runs.Limit)).Errno);
    }

    [Fact]
    public void EndsWithItsApplication()
    {
        int process;
        using (var host = Hosts.Start(2))
        {
            process = host.HostProcessId;
            Assert.True(Directory.Exists($"/proc/{process}"));
        }

        Assert.False(Directory.Exists($"/proc/{process}"), "a disposed host leaves no process");
    }

    [Fact]
    public void OutlivesTheCtrlCThatItsApplicationIgnores()
    {
        // In a session of its own, so that the signal reaches that process group and not the tests; and not ignored, as
        // it is by what a shell runs in the background.
        using var child = Child.Start(
            "env",
            ["--default-signal=INT", "setsid", Runs.DotnetPath, typeof(Child).Assembly.Location, "interrupted"]);
        child.Expect("ready");
        Signal.SendToGroup(child.ProcessId, Signal.Interrupt);
        child.Expect("interrupted");
        child.WriteLine("check");
        child.Expect("right");
        Assert.Equal(0, child.WaitForExit());
    }

    [Fact]
    public void AStoppedDaemonWritesSharedFilesBack()
    {
        using var folder = new TemporaryFolder();
        Pattern.WriteFile(folder.File("data"), 1 << 18);
        HmmHost host;
        using (var daemon = new Daemon("4MiB", "memory,size=64MiB"))
        {
            host = daemon.Connect();
            var array = host.MapFile<ulong>(folder.File("data"), HmmMapMode.Shared);
            Hosts.Write(array, 0, array.Length, round: 3);
        }

        Assert.Equal(Pattern.Bytes(Pattern.Words(0, 1 << 18, round: 3)), File.ReadAllBytes(folder.File("data")));
        Refused.With(Errno.ECONNRESET, () => host.Allocate<int>(1), "host");
        Assert.Throws<HmmException>(host.Dispose);
    }
}
