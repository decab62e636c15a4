// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;

namespace Hmm.Cli.Tests.Support;

/// <summary>A shared host, as <c>hmm host</c> runs it, that ends with SIGTERM when disposed.</summary>
internal sealed class HostProcess : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly Process _process;

    private HostProcess(Process process) => _process = process;

    internal static HostProcess Start(string socket, params string[] arguments)
    {
        var host = new HostProcess(HmmProcess.Start([], ["host", "--socket", socket, .. arguments]));
        var limit = Stopwatch.StartNew();
        while (!File.Exists(socket))
        {
            Assert.False(
                host._process.WaitForExit(20),
                "the host ended at once: " + (host._process.HasExited ? host._process.StandardError.ReadToEnd() : ""));
            Assert.True(limit.Elapsed < s_limit, "the host did not listen in time");
        }

        return host;
    }

    public void Dispose()
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]))
        {
            kill.WaitForExit();
        }

        if (!_process.WaitForExit(s_limit))
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            Assert.Fail("the host did not end within 30 s of SIGTERM");
        }

        _process.Dispose();
    }
}
