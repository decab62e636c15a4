// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance.Checks;

/// <summary>Watches the buffers of faults after they are complete.</summary>
internal sealed class BuffersCheck : IConformanceCheck
{
    private const byte Mark = 0x5C;
    private const int Batches = 16;

    // A copy that is still under way ends within this: a disk takes some milliseconds.
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(200);

    public string Name => "buffers";

    public string Contract => "a buffer is the driver's until it completes the segment, and not a moment longer";

    public string Run(DriverUnderTest driver)
    {
        var rig = Rig.Open(driver);
        var tally = new Tally();
        var model = new PageModel(driver, rig, tally);
        var random = new Random(driver.Options.Seed);
        model.Evict([.. Enumerable.Range(0, Batches).Select(_ => (ulong[][])[[Pages.Next(random)]])]);
        var buffers = new List<PageBuffer>();
        foreach (var (first, frames) in model.Runs(framesMax: 1))
        {
            var buffer = new PageBuffer(frames);
            var batch = new ProbeBatch { Continuation = () => buffer.Bytes.Fill(Mark) }
                .Add(first, frames, buffer.Address);
            rig.Fault(batch);
            rig.Wait("a fault", batch);
            buffers.Add(buffer);
        }

        if (SpinWait.SpinUntil(
            () => buffers.Exists(static buffer => buffer.Bytes.ContainsAnyExcept(Mark)), s_settle))
        {
            throw new ConformanceException("a buffer was written after its segment was completed");
        }

        buffers.ForEach(static buffer => buffer.Dispose());
        model.FreeAll();
        rig.Remove();
        return $"{buffers.Count} buffers";
    }
}
