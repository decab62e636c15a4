// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance.Checks;

/// <summary>Frees every other page and writes others in their place.</summary>
internal sealed class ReuseCheck : IConformanceCheck
{
    private const int PageCount = 128;
    private const int Rounds = 3;

    public string Name => "free-and-reuse";

    public string Contract => "a freed frame can be used again at once, and freeing it changes no other";

    public string Run(DriverUnderTest driver)
    {
        var rig = Rig.Open(driver);
        var tally = new Tally();
        var model = new PageModel(driver, rig, tally);
        var random = new Random(driver.Options.Seed);
        Add(model, random, PageCount);
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var (run, number) in model.Runs(framesMax: 1).Select(static (run, number) => (run, number)))
            {
                if (number % 2 == round % 2)
                {
                    model.Free(run.First, run.Frames);
                }
            }

            model.FaultAll();
            Add(model, random, PageCount / 2);
            model.FaultAll();
        }

        model.FreeAll();
        rig.Remove();
        return tally.ToString();
    }

    private static void Add(PageModel model, Random random, int pages)
    {
        for (var i = 0; i < pages; i++)
        {
            model.Evict([[[Pages.Next(random)]]]);
        }
    }
}
