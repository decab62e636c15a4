// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.System.Tests.Support;

// `hmm host --socket`: a shared host in a process of its own. It must end well when it is told to, and must not have
// complained, unless the test said that it may.
internal sealed class Daemon : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Child _child;
    private bool _killed;

    internal Daemon(string budget, params string[] devices)
        : this(budget, devices, [])
    {
    }

    internal Daemon(string budget, string[] devices, params (string Name, string Value)[] environment)
        : this([], budget, devices, environment)
    {
    }

    // The prefix is a program that starts another, and its arguments: taskset, unshare, setpriv.
    internal Daemon(string[] prefix, string budget, string[] devices, params (string Name, string Value)[] environment)
        : this(prefix, budget, devices, environment, deadline: null)
    {
    }

    private Daemon(
        string[] prefix, string budget, string[] devices, (string Name, string Value)[] environment, string? deadline)
    {
        SocketPath = _folder.File("host.sock");
        List<string> arguments =
            [.. prefix, Runs.DotnetPath, Runs.HostPath, "--socket", SocketPath, "--budget", budget];
        if (deadline is not null)
        {
            arguments.AddRange(["--device-deadline", deadline]);
        }

        foreach (var device in devices)
        {
            arguments.AddRange(["--device", device]);
        }

        _child = Child.Start(arguments[0], arguments.Skip(1), environment);
        try
        {
            var line = _child.ReadLine();
            if (line is null)
            {
                Assert.Fail($"the host ended with {_child.WaitForExit()}: {_child.Errors}");
            }

            Assert.StartsWith("hmm-host: listening on", line, StringComparison.Ordinal);
        }
        catch
        {
            _child.Dispose();
            _folder.Dispose();
            throw;
        }
    }

    internal static Daemon WithDeadline(string deadline, string budget, params string[] devices) =>
        new([], budget, devices, [], deadline) { MayComplain = true };

    internal string SocketPath { get; }

    internal int ProcessId => _child.ProcessId;

    internal string Errors => _child.Errors;

    // Whether something on its standard error is part of the test.
    internal bool MayComplain { get; set; }

    internal HmmHost Connect() => HmmHost.Connect(SocketPath);

    internal void Kill()
    {
        _child.Kill();
        _killed = true;
        _child.WaitForExit();
    }

    public void Dispose()
    {
        using (_folder)
        using (_child)
        {
            if (_killed)
            {
                return;
            }

            Assert.False(_child.HasExited, $"the host ended before the test did: {_child.Errors}");
            Signal.Send(_child.ProcessId, Signal.Terminate);
            var code = _child.WaitForExit();
            Assert.True(code == 0
                && (MayComplain || _child.Errors.Length == 0), $"the host ended with {code}: {_child.Errors}");
        }
    }
}
