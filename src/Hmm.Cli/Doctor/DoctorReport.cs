// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Doctor;

/// <summary>What <c>hmm doctor --json</c> prints.</summary>
/// <param name="CanRun">Whether this system can run Hmm.NET.</param>
/// <param name="Findings">Everything looked at, in order.</param>
internal sealed record DoctorReport(bool CanRun, IReadOnlyList<Finding> Findings);
