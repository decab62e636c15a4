// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;

namespace Hmm.Conformance.Checks;

/// <summary>
/// Calls hooks from the continuation of a completion, as the core does when a fill makes room by evicting.
/// </summary>
internal sealed class ReentryCheck : IConformanceCheck
{
    private const int Batches = 8;

    public string Name => "re-entry";

    public string Contract => "the last completion may call the next hook on the same thread";

    public string Run(DriverUnderTest driver)
    {
        var rig = Rig.Open(driver);
        var tally = new Tally();
        var model = new PageModel(driver, rig, tally);
        var random = new Random(driver.Options.Seed);
        model.Evict([.. Enumerable.Range(0, Batches).Select(_ => (ulong[][])[[Pages.Next(random)]])]);
        var runs = model.Runs(framesMax: 1);
        foreach (var (first, _) in runs)
        {
            ReadTwice(driver, rig, first);
        }

        model.FaultAll();
        model.FreeAll();
        rig.Remove();
        return $"{runs.Count} hooks called from continuations";
    }

    private static void ReadTwice(DriverUnderTest driver, Rig rig, Pfn frame)
    {
        using var buffers = new PageBuffer(2);
        Exception? failure = null;
        var second = new ProbeBatch().Add(frame, 1, buffers.Address + Pfn.SizeBytes);
        var first = new ProbeBatch
        {
            Continuation = () =>
            {
                try
                {
                    rig.Fault(second);
                }
                catch (ConformanceException exception)
                {
                    failure = exception;
                }
            },
        }.Add(frame, 1, buffers.Address);
        rig.Fault(first);
        rig.Wait("a fault", first);
        if (failure is not null)
        {
            throw failure;
        }

        rig.Wait("a fault from the continuation of another", second);
        var isSame = first.ErrorAt(0) != Errno.None || second.ErrorAt(0) != Errno.None
            || buffers.Page(0).SequenceEqual(buffers.Page(1));
        if (!isSame)
        {
            throw new ConformanceException(
                $"{frame} returned other bytes from the continuation than before; seed {driver.Options.Seed}");
        }
    }
}
