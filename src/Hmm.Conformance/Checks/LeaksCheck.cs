// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance.Checks;

/// <summary>Makes and removes devices, and counts what stays.</summary>
internal sealed class LeaksCheck : IConformanceCheck
{
    private const int WarmUps = 3;
    private const int Devices = 24;

    // Less than one for every other device: the runtime opens files and starts threads of its own meanwhile.
    private const int GrowthMax = Devices / 2;

    public string Name => "leaks";

    public string Contract => "a device that is gone has left no thread and no open file";

    public string Run(DriverUnderTest driver)
    {
        MakeAndRemove(driver, WarmUps);
        var (threads, files) = Count();
        MakeAndRemove(driver, Devices);
        var (threadsNow, filesNow) = (0, 0);

        // A thread that was told to end may need a moment.
        if (SpinWait.SpinUntil(IsBack, driver.Options.Deadline))
        {
            return $"{Devices} devices; threads {threads} to {threadsNow}, open files {files} to {filesNow}";
        }

        throw new ConformanceException(
            $"{Devices} devices came and went, and threads grew from {threads} to {threadsNow}, open files from "
                + $"{files} to {filesNow}; Dispose gives back all that a device has");

        bool IsBack()
        {
            (threadsNow, filesNow) = Count();
            return threadsNow - threads <= GrowthMax && filesNow - files <= GrowthMax;
        }
    }

    private static void MakeAndRemove(DriverUnderTest driver, int devices)
    {
        for (var i = 0; i < devices; i++)
        {
            var rig = Rig.Open(driver);
            var model = new PageModel(driver, rig, new Tally());
            model.Evict([[[Pages.Zeros]]]);
            model.FaultAll();
            model.FreeAll();
            rig.Remove();
        }
    }

    private static (int Threads, int Files) Count() => (
        Directory.GetDirectories("/proc/self/task").Length, Directory.GetFileSystemEntries("/proc/self/fd").Length);
}
