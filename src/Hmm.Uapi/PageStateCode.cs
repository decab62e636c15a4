// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>The state of a page as Describe reports it.</summary>
public enum PageStateCode : uint
{
    /// <summary>
    /// Not in DRAM and on no device: never touched, or forgotten. A touch reads zeros or the file.
    /// </summary>
    Absent = 0,

    /// <summary>Not in DRAM; a device holds it.</summary>
    OnDevice = 1,

    /// <summary>On its way into DRAM.</summary>
    Filling = 2,

    /// <summary>In DRAM, and not written since it came.</summary>
    Clean = 3,

    /// <summary>In DRAM, and written.</summary>
    Dirty = 4,

    /// <summary>On its way out of DRAM.</summary>
    Evicting = 5,

    /// <summary>On its way from one device to another.</summary>
    Migrating = 6,

    /// <summary>
    /// Lost: its device could not return it. A touch is SIGBUS, in a system call EFAULT.
    /// </summary>
    Poisoned = 7,

    /// <summary>Held by a device for itself.</summary>
    Exclusive = 8,
}
