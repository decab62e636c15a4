// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Simulation.Tests.Scheduling;

/// <summary>A schedule went wrong: a check failed, nobody could go on, or it did not end.</summary>
internal sealed class ScheduleException : Exception
{
    public ScheduleException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
