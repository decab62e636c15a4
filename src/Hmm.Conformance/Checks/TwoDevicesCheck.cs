// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Conformance.Checks;

/// <summary>
/// Two devices of one driver, at once; or, where both would have one file or one piece of hardware, one after the
/// other.
/// </summary>
internal sealed class TwoDevicesCheck : IConformanceCheck
{
    private const int PageCount = 64;

    public string Name => "two-devices";

    public string Contract => "devices of one driver do not see each other, or the second is refused with EBUSY";

    public string Run(DriverUnderTest driver)
    {
        var tally = new Tally();
        var random = new Random(driver.Options.Seed);
        var first = Rig.Open(driver, "conformance0");
        var models = new List<PageModel> { new(driver, first, tally) };
        Evict(models, random);
        var second = TryOpenSecond(driver);
        if (second is null)
        {
            // What it holds is not harmed by the attempt, and it lets go when it goes.
            Evict(models, random);
            models[0].FaultAll();
            models[0].FreeAll();
            first.Remove();
            second = Rig.Open(driver, "conformance1");
            models = [new PageModel(driver, second, tally)];
            Evict(models, random);
            models[0].FaultAll();
            models[0].FreeAll();
            second.Remove();
            return $"one at a time: the second is refused with EBUSY; {tally}";
        }

        models.Add(new PageModel(driver, second, tally));
        Evict(models, random);
        models.ForEach(static model => model.FaultAll());
        models[0].FreeAll();
        first.Remove();
        models[1].FaultAll();
        models[1].FreeAll();
        second.Remove();
        return tally.ToString();
    }

    private static void Evict(List<PageModel> models, Random random)
    {
        for (var i = 0; i < PageCount; i++)
        {
            models.ForEach(model => model.Evict([[[Pages.Next(random)]]]));
        }
    }

    /// <summary>
    /// A second device with the same parameters; null: the driver says that the first has what they name.
    /// </summary>
    private static Rig? TryOpenSecond(DriverUnderTest driver)
    {
        try
        {
            return Rig.Open(driver, "conformance1");
        }
        catch (HmmException exception) when (exception.Errno == Errno.EBUSY)
        {
            return null;
        }
        catch (HmmException exception)
        {
            throw new ConformanceException(
                $"a second device beside the first is refused: {exception.Message}; make it, or, if both cannot have "
                    + "what the parameters name, refuse it with EBUSY",
                exception);
        }
    }
}
