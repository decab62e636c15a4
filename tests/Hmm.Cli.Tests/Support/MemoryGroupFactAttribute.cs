// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Bench.Running;

namespace Hmm.Cli.Tests.Support;

/// <summary>A test that needs userfaultfd and a memory group of its own; skipped with the reason why not.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MemoryGroupFactAttribute : FactAttribute
{
    public MemoryGroupFactAttribute()
    {
        Skip = new UserfaultFdFactAttribute().Skip ?? Refusal();
    }

    private static string? Refusal()
    {
        try
        {
            MemoryGroup.Create($"hmm-test-{Environment.ProcessId}").Dispose();
            return null;
        }
        catch (CommandException exception)
        {
            return exception.Message;
        }
    }
}
