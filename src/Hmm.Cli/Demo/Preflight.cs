// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Doctor;
using Hmm.Linux;

namespace Hmm.Cli.Demo;

/// <summary>
/// What would make a demo fail, found before anything starts: each cause with its own exit code and
/// the sentence that says what to do.
/// </summary>
internal static class Preflight
{
    internal static void Check(DemoPlan plan)
    {
        if (plan.Devices.Count == 0)
        {
            Check(plan, DeviceFolderFacts.Read(plan.DeviceFolder));
        }

        if (!UserfaultFd.Probe().Any(rung => rung.Available))
        {
            throw new CommandException(
                ExitCode.Unsupported, "userfaultfd is not available to this process; 'hmm doctor' says how to get it");
        }
    }

    internal static void Check(DemoPlan plan, DeviceFolderFacts folder)
    {
        if (folder.Error is not null)
        {
            throw new CommandException(
                ExitCode.DeviceFolder,
                $"device memory cannot be created in {folder.Path}: {folder.Error.TrimEnd('.')}; "
                + "name a folder that you may write to: --device-folder DIR");
        }

        var needed = (ulong)plan.DeviceSizeBytes;
        if (folder.FreeBytes < needed)
        {
            throw new CommandException(
                ExitCode.DeviceFolder,
                $"{folder.Path} has {ByteSize.Format(folder.FreeBytes)} free and the demo needs "
                + $"{ByteSize.Format(needed)}; free some, or name another folder: --device-folder DIR");
        }
    }
}
