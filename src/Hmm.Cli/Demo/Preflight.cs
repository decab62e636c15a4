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
        if (plan.PmemFile is { } file)
        {
            CheckPmem(plan, file);
        }
        else if (plan.Devices.Count == 0)
        {
            Check(plan, DeviceFolderFacts.Read(plan.DeviceFolder));
        }

        if (!UserfaultFd.Probe().Any(rung => rung.Available))
        {
            throw new CommandException(
                ExitCode.Unsupported, "userfaultfd is not available to this process; 'hmm doctor' says how to get it");
        }
    }

    private static void CheckPmem(DemoPlan plan, string file)
    {
        if (plan.Devices.Count > 0)
        {
            throw new CommandException(
                ExitCode.Usage, "a persistent range goes to its file and to no device; give either --pmem or --device");
        }

        if (file.Contains(',', StringComparison.Ordinal))
        {
            throw new CommandException(
                ExitCode.Usage, $"{file} has a comma, which separates a device's parameters; name another file");
        }

        var folder = Path.GetDirectoryName(file)!;
        if (!Directory.Exists(folder))
        {
            throw new CommandException(
                ExitCode.DeviceFolder,
                $"there is no folder {folder} for the persistent file; make it, or name another");
        }

        var free = SystemInfo.FreeSpaceBytes(folder);
        if (!File.Exists(file) && free < (ulong)plan.PmemSizeBytes)
        {
            throw new CommandException(
                ExitCode.DeviceFolder,
                $"{folder} has {ByteSize.Format(free)} free and the demo needs "
                    + $"{ByteSize.Format(plan.PmemSizeBytes)}; free some, or name a file elsewhere: --pmem FILE");
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
