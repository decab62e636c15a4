// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.System.Tests.Support;
using Hmm.Uapi;

namespace Hmm.System.Tests;

/// <summary>
/// A host that may open few files refuses ranges while it still can say so, and serves the others on.
/// </summary>
public sealed class DescriptorTests
{
    private const int Limit = 300;

    [Fact]
    public void RefusesARangeBeforeItsDescriptorsAreUsedUp()
    {
        using var folder = new TemporaryFolder();
        var options = new HmmHostOptions { BudgetBytes = 4 * Hosts.MiB, HostPath = Script(folder) };
        options.Devices.Add("memory,size=16MiB");
        using var host = HmmHost.Start(options);
        var arrays = new List<HmmArray<ulong>>();
        var refused = Assert.Throws<HmmException>(() =>
        {
            while (arrays.Count < Limit)
            {
                arrays.Add(host.Allocate<ulong>(512));
            }
        });
        Assert.Equal(Errno.EMFILE, refused.Errno);
        Assert.Contains("LimitNOFILE", refused.Message, StringComparison.Ordinal);
        Assert.InRange(arrays.Count, 50, Limit / 2);

        // What there is goes on, and room that is made can be used again.
        for (var i = 0; i < arrays.Count; i++)
        {
            arrays[i][0] = (ulong)i;
            Assert.Equal((ulong)i, arrays[i][0]);
        }

        arrays[0].Dispose();
        using var another = host.Allocate<ulong>(512);
        another[511] = 1;
    }

    // The host with a limit of its own, as a service would have it.
    private static string Script(TemporaryFolder folder)
    {
        var path = folder.File("host.sh");
        File.WriteAllText(
            path, $"#!/bin/sh\nulimit -n {Limit}\nexec \"{Runs.DotnetPath}\" exec \"{Runs.HostPath}\" \"$@\"\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }
}
