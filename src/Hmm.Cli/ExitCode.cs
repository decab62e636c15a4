// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli;

/// <summary>
/// One exit code for each cause that ends a command; <c>docs/reference/exit-codes.md</c> explains
/// them.
/// </summary>
internal static class ExitCode
{
    /// <summary>The command did what it says.</summary>
    internal const int Ok = 0;

    /// <summary>
    /// What was checked is not right: the demo found wrong bytes, or more DRAM in use than the budget
    /// allows; an audit or a conformance run has failures.
    /// </summary>
    internal const int Wrong = 1;

    /// <summary>The command line is not understood.</summary>
    internal const int Usage = 2;

    /// <summary>No host answers on the socket.</summary>
    internal const int NoHost = 3;

    /// <summary>This system cannot run Hmm.NET; <c>hmm doctor</c> says why.</summary>
    internal const int Unsupported = 4;

    /// <summary>The folder for device memory is missing, read-only or full.</summary>
    internal const int DeviceFolder = 5;

    /// <summary>The input data is missing, empty or unreadable.</summary>
    internal const int Data = 6;

    /// <summary>No device or range has that name or address.</summary>
    internal const int NotFound = 7;

    /// <summary>It is in use, or there is no room to bring its pages back to.</summary>
    internal const int Busy = 8;

    /// <summary>
    /// The system or the host refused an operation; the message holds the error number.
    /// </summary>
    internal const int Failed = 9;

    /// <summary>A defect of Hmm.NET: 70 is <c>EX_SOFTWARE</c> of <c>sysexits.h</c>.</summary>
    internal const int Defect = 70;

    /// <summary>Ctrl-C: 128 + SIGINT, as a shell reports it.</summary>
    internal const int Interrupted = 130;
}
