// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using Hmm.Core.Virtual;
using Hmm.Simulation.Tests.Kernel;

namespace Hmm.Simulation.Tests.Hosting;

/// <summary>An open range: the core's side, the kernel's side, and the file behind it.</summary>
internal sealed record SimulatedRange(MemoryRange Range, SimulatedMemory Memory, SimulatedFile? File)
{
    /// <summary>How many of its pages have a token in the order in which pages leave.</summary>
    public long QueuedPages
    {
        get
        {
            var count = 0L;
            for (var page = 0L; page < Range.PageCount; page++)
            {
                count += Range.Table.Read(page).IsQueued ? 1 : 0;
            }

            return count;
        }
    }

    /// <summary>
    /// Checks each page against the kernel when nothing is under way; returns the frames that are
    /// resident.
    /// </summary>
    public long VerifyQuiet(ref long framesNamed, ref long pinned)
    {
        var resident = 0L;
        for (var page = 0L; page < Range.PageCount; page++)
        {
            var entry = Range.Table.Read(page);
            var (isPresent, isProtected, isPoisoned) = Memory.Look(page);
            var fits = entry.State switch
            {
                PageState.Absent => !isPresent && !isPoisoned && entry.Pins == 0,
                PageState.Clean => isPresent && isProtected && entry.IsQueued,
                PageState.Dirty => isPresent && !entry.HasFrame && entry.IsQueued,
                PageState.Poisoned => !isPresent && entry.Pins == 0,
                _ => false,
            };
            Assert.True(
                fits && !entry.IsPending,
                $"page {page} of {Memory.Name} is {entry}, the kernel has present {isPresent}, "
                + $"protected {isProtected}, poisoned {isPoisoned}");
            resident += entry.IsResident ? Range.FramesPerPage : 0;
            framesNamed += entry.HasFrame ? Range.FramesPerPage : 0;
            pinned += (long)entry.Pins << Range.PageOrder;
        }

        Assert.Equal(resident >> Range.PageOrder, Range.Statistics.ResidentPages);
        Assert.Equal(0, Range.Lifetime.Count);
        return resident;
    }

    public string Describe()
    {
        var text = new StringBuilder()
            .AppendLine($"  {Memory.Name}: {Range.Kind}, {Range.PageCount} pages of {Range.PageSizeBytes}, "
            + $"{Range.Lifetime.Count} references");
        for (var page = 0L; page < Range.PageCount; page++)
        {
            var entry = Range.Table.Read(page);
            var kernel = Memory.Look(page);
            if (entry.Raw != 0 || kernel.IsPresent || kernel.IsPoisoned)
            {
                text.AppendLine($"    page {page}: {entry}; kernel: {(kernel.IsPresent ? "present" : "absent")}"
                    + $"{(kernel.IsProtected ? ", protected" : "")}{(kernel.IsPoisoned ? ", poisoned" : "")}");
            }
        }

        return text.ToString();
    }
}
