// SPDX-License-Identifier: MIT
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm;

/// <summary>Options of a private host (<see cref="HmmHost.Start"/>).</summary>
public sealed class HmmHostOptions
{
    /// <summary>
    /// The DRAM that all ranges of the host share, in bytes: 2 MiB to the memory that this process
    /// may use. Default (null): a quarter of that memory, which is the smaller of the machine's and
    /// the container's.
    /// </summary>
    public long? BudgetBytes { get; set; }

    /// <summary>
    /// The folder of the file that pages go to when DRAM is short; it is removed with the host.
    /// Default (null): the system's temporary folder.
    /// </summary>
    public string? DeviceFolder { get; set; }

    /// <summary>
    /// The most that this file may hold, in bytes, at least 2 MiB. Default (null): the host
    /// decides.
    /// </summary>
    public long? DeviceSizeBytes { get; set; }

    /// <summary>
    /// The devices to use, fastest first, each a driver and its parameters:
    /// <c>block,folder=/var/tmp,size=64GiB</c>; one text may name several (<c>compressed,block</c>). Empty, the
    /// default: one block device.
    /// </summary>
    public IList<string> Devices { get; } = [];

    /// <summary>
    /// How long a device may take for one copy: 100 ms to 1 hour. After that whoever waits for it gets an error, as
    /// <see cref="HmmRangeOptions.ErrorPolicy"/> says, and no page goes to the device until it answers. Default (null):
    /// 10 seconds.
    /// </summary>
    public TimeSpan? DeviceDeadline { get; set; }

    /// <summary>
    /// How long the host's fault thread looks for the next fault before it sleeps, and twice as long for a device's
    /// answer: 0 to 1 ms, in microseconds. A thread that looks answers 5 to 10 µs sooner, and uses a processor
    /// meanwhile; it stops looking where that mostly finds nothing, and where others need the processor. Zero: it never
    /// looks. Default (null): 25 µs; zero on one processor.
    /// </summary>
    public TimeSpan? SpinTime { get; set; }

    /// <summary>
    /// Whether the host keeps its processors awake while faults come less than a millisecond apart, as a kernel does
    /// that polls before it halts. A processor that sleeps takes 5 to 100 µs until it runs again; a virtual one whose
    /// machine other guests want, milliseconds. It takes all of their time that nobody else wants, and counts as the
    /// host's. Where the system does not allow it, on one processor, or where a quota limits processor time, the host
    /// says so on its standard error, and goes on without. Default: false.
    /// </summary>
    public bool IdlePoll { get; set; }

    /// <summary>
    /// The host's program: a .dll for `dotnet`, or an executable. Default (null): the environment
    /// variable HMM_HOST, then <c>hmm-host/Hmm.Host.dll</c> and <c>Hmm.Host.dll</c> beside this
    /// library.
    /// </summary>
    public string? HostPath { get; set; }

    /// <summary>
    /// What the host calls this application in reports. Default (null): its assembly's name.
    /// </summary>
    public string? ApplicationName { get; set; }

    /// <summary>The budget that applies, in bytes, after the checks.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its limits.</exception>
    /// <exception cref="ArgumentException">A device's name is empty.</exception>
    internal long Validate()
    {
        var (memoryBytes, source) = UsableMemory();
        var budget = BudgetBytes ?? Math.Max((long)Limits.BudgetBytesMin, memoryBytes / 4);
        if (budget < (long)Limits.BudgetBytesMin)
        {
            throw new ArgumentOutOfRangeException(
                nameof(BudgetBytes),
                budget,
                "The DRAM budget must be at least 2 MiB (2097152 bytes), the largest page; use hundreds of MiB.");
        }

        if (budget > memoryBytes)
        {
            throw new ArgumentOutOfRangeException(
                nameof(BudgetBytes),
                budget,
                $"The DRAM budget is larger than {source}, {memoryBytes} bytes; use at most half of that.");
        }

        if (DeviceSizeBytes is { } size && size < (long)Limits.BudgetBytesMin)
        {
            throw new ArgumentOutOfRangeException(
                nameof(DeviceSizeBytes),
                size,
                "The device must hold at least 2 MiB (2097152 bytes), the largest page; use several times the budget.");
        }

        if (DeviceDeadline is { } deadline && (deadline.TotalMilliseconds < 100 || deadline.TotalHours > 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(DeviceDeadline), deadline, "A device's deadline is from 100 ms to 1 hour.");
        }

        if (SpinTime is { } spin && (spin < TimeSpan.Zero || spin.TotalMilliseconds > 1))
        {
            throw new ArgumentOutOfRangeException(nameof(SpinTime), spin, "The spin time is from 0 to 1 ms.");
        }

        foreach (var device in Devices)
        {
            if (string.IsNullOrWhiteSpace(device))
            {
                throw new ArgumentException(
                    $"'{device}' is no device: write a driver and its parameters, as in "
                        + "block,folder=/var/tmp,size=64GiB.",
                    nameof(Devices));
            }
        }

        return budget;
    }

    private static (long Bytes, string Source) UsableMemory()
    {
        var machine = SystemInfo.TotalMemoryBytes;
        return SystemInfo.TryGetMemoryLimit(out var limit, out var source) && limit < machine
            ? ((long)limit, $"the memory limit of this process ({source})")
            : ((long)machine, "the memory of this machine");
    }
}
