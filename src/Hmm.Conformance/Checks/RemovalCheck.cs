// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance.Checks;

/// <summary>Removes a device while copies are under way, as a host does on `hmm devices remove`.</summary>
internal sealed class RemovalCheck : IConformanceCheck
{
    private const int Batches = 16;
    private const int Frames = 8;

    public string Name => "removal";

    public string Contract => "a device is removed in use: copies end, every page comes back, then it is disposed";

    public string Run(DriverUnderTest driver)
    {
        var rig = Rig.Open(driver);
        var tally = new Tally();
        var model = new PageModel(driver, rig, tally);
        var random = new Random(driver.Options.Seed);
        model.Evict(
        [
            .. Enumerable.Range(0, Batches).Select(_ =>
                (ulong[][])[[.. Enumerable.Range(0, Frames).Select(_ => Pages.Next(random))]]),
        ]);
        rig.Memory.SuspendAllocation();
        if (rig.TryAllocate(1, out _, out _))
        {
            throw new ConformanceException("a suspended device handed out a frame");
        }

        // It waits for every frame, and calls Dispose last.
        var removal = Task.Run(() =>
        {
            Watch.Enter();
            rig.Memory.Device.Remove();
        });
        model.Fault([.. model.Runs(Frames).Select(static run => new[] { run })]);
        if (model.Count > 0 && removal.IsCompleted)
        {
            throw new ConformanceException("the device was removed while frames were in use");
        }

        model.FreeAll();
        if (!removal.Wait(driver.Options.Deadline))
        {
            throw new ConformanceException(
                $"the removal did not end within {driver.Options.Deadline.TotalSeconds:0.###} s of the last free");
        }

        return tally.ToString();
    }
}
