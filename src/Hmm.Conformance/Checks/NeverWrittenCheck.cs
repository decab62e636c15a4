// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance.Checks;

/// <summary>Reads frames that hold nothing.</summary>
internal sealed class NeverWrittenCheck : IConformanceCheck
{
    private const int Frames = 16;

    public string Name => "never-written";

    public string Contract => "a fault on a frame that was never written is completed, with or without an error";

    public string Run(DriverUnderTest driver)
    {
        var rig = Rig.Open(driver);
        if (!rig.TryAllocate(Frames, out var first, out var frames))
        {
            throw new ConformanceException("a new device has no free frame");
        }

        using var buffer = new PageBuffer(frames);
        var batch = new ProbeBatch().Add(first, frames, buffer.Address);
        rig.Fault(batch);
        rig.Wait("a fault on frames that were never written", batch);
        buffer.CheckGuards();
        rig.Free(first, frames);
        rig.Remove();
        return $"completed with {batch.ErrorAt(0)}";
    }
}
