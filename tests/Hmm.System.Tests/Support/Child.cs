// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Text;

namespace Hmm.System.Tests.Support;

// A child process: what it prints is read line by line, what it says about errors is kept. It is killed on dispose if
// it still runs, by its own process object.
internal sealed class Child : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private Child(ProcessStartInfo start)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
        _process.BeginErrorReadLine();
    }

    internal int ProcessId => _process.Id;

    internal bool HasExited => _process.HasExited;

    internal string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString().Trim();
            }
        }
    }

    // Another program.
    internal static Child Start(
        string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments);
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new Child(start);
    }

    // This assembly, playing a part.
    internal static Child Play(string part, params string[] arguments) =>
        Start(Runs.DotnetPath, [typeof(Child).Assembly.Location, part, .. arguments]);

    internal string? ReadLine()
    {
        var line = _process.StandardOutput.ReadLineAsync();
        Assert.True(line.Wait(Runs.Limit), $"the child said nothing within {Runs.Limit}; errors: {Errors}");
        return line.Result;
    }

    // The next line must be this one.
    internal void Expect(string line)
    {
        var said = ReadLine();
        Assert.True(said == line, $"the child said '{said}' and not '{line}'; errors: {Errors}");
    }

    internal void WriteLine(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    internal void Kill() => Signal.Send(_process.Id, Signal.Kill);

    // 128 + the signal's number when a signal ended it.
    internal int WaitForExit()
    {
        Assert.True(_process.WaitForExit(Runs.Limit), $"the child did not end within {Runs.Limit}; errors: {Errors}");
        _process.WaitForExit(); // The rest of its output.
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
