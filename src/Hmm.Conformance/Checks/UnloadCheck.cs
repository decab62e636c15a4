// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance.Checks;

/// <summary>Unloads the module and loads it again.</summary>
internal sealed class UnloadCheck : IConformanceCheck
{
    public string Name => "unload";

    public string Contract => "with its devices gone the module unloads, can be loaded again, and works as before";

    public string Run(DriverUnderTest driver)
    {
        driver.Reload();
        var rig = Rig.Open(driver);
        var tally = new Tally();
        var model = new PageModel(driver, rig, tally);
        model.Evict([[[Pages.Zeros]]]);
        model.FaultAll();
        model.FreeAll();
        rig.Remove();
        return tally.ToString();
    }
}
