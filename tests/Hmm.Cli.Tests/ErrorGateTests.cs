// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Output;
using Hmm.Uapi;

namespace Hmm.Cli.Tests;

public sealed class ErrorGateTests
{
    public static TheoryData<Exception, int> Causes => new()
    {
        { new CommandException(ExitCode.Data, "x"), ExitCode.Data },
        { new HmmException(Errno.EBUSY, "x"), ExitCode.Busy },
        { new HmmException(Errno.ENOMEM, "x"), ExitCode.Busy },
        { new HmmException(Errno.ENOSPC, "x"), ExitCode.DeviceFolder },
        { new HmmException(Errno.EIO, "x"), ExitCode.Failed },
        { new PlatformNotSupportedException("x"), ExitCode.Unsupported },
        { new OperationCanceledException("x"), ExitCode.Interrupted },
        { new ArgumentOutOfRangeException("p", 1, "x"), ExitCode.Usage },
        { new InvalidCastException("x"), ExitCode.Defect },
    };

    [Theory]
    [MemberData(nameof(Causes))]
    public async Task EachCauseHasItsExitCode(Exception exception, int exitCode)
    {
        var error = new StringWriter();
        var terminal = Terminal.Into(new StringWriter(), error, isRich: false);
        Assert.Equal(exitCode, await ErrorGate.RunAsync(terminal, () => throw exception));
        Assert.StartsWith("hmm: ", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void TheNameOfAParameterIsNotTheUsersBusiness()
    {
        var (_, sentence) = ErrorGate.Explain(new ArgumentOutOfRangeException("budgetBytes", 1, "Use more."));
        Assert.Equal("Use more.", sentence);
    }
}
