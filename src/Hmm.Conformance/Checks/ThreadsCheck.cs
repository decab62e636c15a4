// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance.Checks;

/// <summary>Random operations of several threads on one device, each against a model of its own.</summary>
internal sealed class ThreadsCheck : IConformanceCheck
{
    private const int Threads = 4;

    public string Name => "threads";

    public string Contract => "hooks are called from several threads at once";

    public string Run(DriverUnderTest driver)
    {
        var rig = Rig.Open(driver);
        var tally = new Tally();
        using var start = new Barrier(Threads);
        var tasks = Enumerable.Range(0, Threads).Select(number => Task.Factory.StartNew(
            () => Use(driver, rig, tally, number, start),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)).ToArray();
        try
        {
            Task.WaitAll(tasks);
        }
        catch (AggregateException exception)
        {
            throw exception.InnerExceptions.OfType<ConformanceException>().FirstOrDefault()
                ?? exception.InnerExceptions[0];
        }

        rig.Remove();
        return tally.ToString();
    }

    private static void Use(DriverUnderTest driver, Rig rig, Tally tally, int number, Barrier start)
    {
        Watch.Enter();
        start.SignalAndWait();
        var model = new PageModel(driver, rig, tally);
        new RandomUse(model, new Random(driver.Options.Seed + number)).Run(driver.Options.Operations);
        model.FaultAll();
        model.FreeAll();
    }
}
