// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;

namespace Hmm.Cli.Tests.Support;

/// <summary>
/// A test that pages for real. Where userfaultfd is not available it is skipped, with the probe's
/// reason.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class UserfaultFdFactAttribute : FactAttribute
{
    public UserfaultFdFactAttribute()
    {
        var rungs = UserfaultFd.Probe();
        if (!rungs.Any(rung => rung.Available))
        {
            Skip = string.Join(" ", rungs.Select(rung => rung.Explanation));
        }
    }
}
