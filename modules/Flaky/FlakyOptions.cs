// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Uapi;

namespace Hmm.Modules.Flaky;

/// <summary>How a flaky device misbehaves.</summary>
/// <param name="Seed">Decides everything.</param>
/// <param name="ReadErrorPermille">Segments of 1000 that are not read, 0 to 1000.</param>
/// <param name="WriteErrorPermille">Segments of 1000 that are not written.</param>
/// <param name="RefusePermille">Frames of 1000 that are turned down instead of written.</param>
/// <param name="DelayUsMax">The longest that a segment waits before the other device sees it; 0: none waits.</param>
/// <param name="ReadStallPermille">Reads of 1000 that stall.</param>
/// <param name="WriteStallPermille">Writes of 1000 that stall.</param>
/// <param name="StallMs">How long a segment that stalls waits besides.</param>
internal sealed record FlakyOptions(
    ulong Seed,
    int ReadErrorPermille,
    int WriteErrorPermille,
    int RefusePermille,
    int DelayUsMax,
    int ReadStallPermille,
    int WriteStallPermille,
    int StallMs)
{
    private const int PermilleMax = 1000;

    // Ten seconds; what waits longer stalls.
    private const int DelayUsLimit = 10_000_000;

    // Ten minutes: far longer than any deadline that is of use.
    private const int StallMsLimit = 600_000;

    /// <summary>Reads a device's parameters.</summary>
    /// <exception cref="HmmException">EINVAL: one is outside its limits.</exception>
    public static FlakyOptions Of(string name, ParameterValues parameters, long seed) => new(
        unchecked((ulong)(parameters.Integer("seed") == 0 ? seed : parameters.Integer("seed"))),
        Bounded(name, parameters, "read_errors", PermilleMax),
        Bounded(name, parameters, "write_errors", PermilleMax),
        Bounded(name, parameters, "refuse", PermilleMax),
        Bounded(name, parameters, "delay_us", DelayUsLimit),
        Bounded(name, parameters, "read_stalls", PermilleMax),
        Bounded(name, parameters, "write_stalls", PermilleMax),
        Bounded(name, parameters, "stall_ms", StallMsLimit));

    private static int Bounded(string name, ParameterValues parameters, string parameter, int max) =>
        parameters.Integer(parameter) is var value && value >= 0 && value <= max
            ? (int)value
            : throw new HmmException(
                Errno.EINVAL, $"Device {name}: {parameter} must be 0 to {max}, and {value} is not.");
}
