// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Bench.Suite;

/// <summary>One measurement of how cost depends on a number.</summary>
/// <param name="Axis">What is varied.</param>
/// <param name="Value">To what.</param>
/// <param name="Label">How that is written.</param>
/// <param name="FaultP50Us">The median latency of a fault.</param>
/// <param name="HostMiB">What the host process holds.</param>
/// <param name="FloorP50Us">
/// The same of the least handler that can be, its pages spread alike; null where it was not run.
/// </param>
internal sealed record ScalePoint(
    string Axis, double Value, string Label, double FaultP50Us, double HostMiB, double? FloorP50Us);
