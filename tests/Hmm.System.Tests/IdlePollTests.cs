// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.System.Tests.Support;

namespace Hmm.System.Tests;

/// <summary>A host that keeps its processors awake while faults come.</summary>
public sealed class IdlePollTests
{
    [Fact]
    public void PollsOnlyWhereItIsToldAndServesFaultsAsEver()
    {
        using var polling = Start(idlePoll: true);
        using var plain = Start(idlePoll: false);
        foreach (var host in new[] { polling, plain })
        {
            using var array = host.Allocate<ulong>(16 * Hosts.MiB / sizeof(ulong));
            Hosts.WriteAndCheck(array);
        }

        // One processor, a quota, or a sandbox: then the host says so and goes on, as it just did.
        var possible = IdlePoller.TryCreate(out var poller, out _);
        poller?.Dispose();
        Assert.Equal(possible ? SystemInfo.Processors.Count : 0, PollersOf(polling));
        Assert.Equal(0, PollersOf(plain));
    }

    private static HmmHost Start(bool idlePoll)
    {
        var options = new HmmHostOptions { BudgetBytes = 4 * Hosts.MiB, IdlePoll = idlePoll };
        options.Devices.Add("memory,size=64MiB");
        return HmmHost.Start(options);
    }

    private static int PollersOf(HmmHost host) =>
        Directory.EnumerateDirectories($"/proc/{host.HostProcessId}/task").Count(static thread =>
        {
            try
            {
                return File.ReadAllText(Path.Combine(thread, "comm")).StartsWith("iou-sqp-", StringComparison.Ordinal);
            }
            catch (IOException)
            {
                return false; // It ended meanwhile, as threads of the runtime do; pollers do not.
            }
        });
}
