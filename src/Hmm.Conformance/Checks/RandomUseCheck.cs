// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance.Checks;

/// <summary>Random operations of one thread, against a model.</summary>
internal sealed class RandomUseCheck : IConformanceCheck
{
    public string Name => "random-use";

    public string Contract => "random evictions, faults and frees behave as a dictionary of pages does";

    public string Run(DriverUnderTest driver)
    {
        var rig = Rig.Open(driver);
        var tally = new Tally();
        var model = new PageModel(driver, rig, tally);
        new RandomUse(model, new Random(driver.Options.Seed)).Run(driver.Options.Operations);
        model.FaultAll();
        model.FreeAll();
        rig.Remove();
        return tally.ToString();
    }
}
