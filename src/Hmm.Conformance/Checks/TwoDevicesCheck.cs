// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance.Checks;

/// <summary>Two devices of one driver, at once.</summary>
internal sealed class TwoDevicesCheck : IConformanceCheck
{
    private const int PageCount = 64;

    public string Name => "two-devices";

    public string Contract => "devices of one driver do not see each other";

    public string Run(DriverUnderTest driver)
    {
        var tally = new Tally();
        var random = new Random(driver.Options.Seed);
        Rig[] rigs = [Rig.Open(driver, "conformance0"), Rig.Open(driver, "conformance1")];
        var models = Array.ConvertAll(rigs, rig => new PageModel(driver, rig, tally));
        for (var i = 0; i < PageCount; i++)
        {
            Array.ForEach(models, model => model.Evict([[[Pages.Next(random)]]]));
        }

        Array.ForEach(models, static model => model.FaultAll());
        models[0].FreeAll();
        rigs[0].Remove();
        models[1].FaultAll();
        models[1].FreeAll();
        rigs[1].Remove();
        return tally.ToString();
    }
}
