// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>
/// What a message asks for. The numbers never change meaning; an unknown one is answered with
/// ENOSYS.
/// </summary>
public enum Operation : ushort
{
    /// <summary>No operation; answered with ENOSYS.</summary>
    None = 0,

    /// <summary>Agree on a version and features. The first message of a session, once.</summary>
    Hello = 1,

    /// <summary>Hand the session's userfaultfd over. Once, before the first range.</summary>
    AdoptUserfaultfd = 2,

    /// <summary>Put a mapped, registered memfd under management.</summary>
    CreateRange = 3,

    /// <summary>End the management of a range; a shared file is written back first.</summary>
    CloseRange = 4,

    /// <summary>Say what will be touched. One-way: there is no reply.</summary>
    Hint = 5,

    /// <summary>Say how pages are going to be accessed.</summary>
    Advise = 6,

    /// <summary>Forget the contents of pages.</summary>
    DontNeed = 7,

    /// <summary>Make pages resident and keep them so.</summary>
    Pin = 8,

    /// <summary>Undo one Pin of the same pages.</summary>
    Unpin = 9,

    /// <summary>Write dirty pages of a shared file back, durably.</summary>
    Flush = 10,

    /// <summary>Read counters.</summary>
    Statistics = 11,

    /// <summary>Say where one page is.</summary>
    Describe = 12,

    /// <summary>Summarise where pages are, for a map.</summary>
    Residency = 13,

    /// <summary>List resources, devices, page maps or ranges.</summary>
    Query = 14,

    /// <summary>
    /// Bring a device's pages elsewhere and remove it. Needs <see cref="Features.Administration"/>.
    /// </summary>
    RemoveDevice = 15,

    /// <summary>
    /// Make a device and let pages go to it. Needs <see cref="Features.Administration"/>.
    /// </summary>
    AddDevice = 16,

    /// <summary>
    /// Load a module, and first the modules that it needs. Needs <see cref="Features.Administration"/>.
    /// </summary>
    LoadModule = 17,

    /// <summary>Unload a module that nobody uses. Needs <see cref="Features.Administration"/>.</summary>
    UnloadModule = 18,

    /// <summary>
    /// Read about modules, exports and taints, as text. Needs <see cref="Features.Administration"/>.
    /// </summary>
    ReadModules = 19,

    /// <summary>Send pages of a range to a device, from DRAM or from others.</summary>
    Migrate = 21,

    /// <summary>Put a mapped, registered memfd under management as a named range of a persistent device.</summary>
    OpenPersistent = 25,

    /// <summary>Make the contents of a persistent range durable, as of one moment.</summary>
    Checkpoint = 26,

    /// <summary>Share memory through which hints go without a message. Once.</summary>
    AttachHintRing = 31,

    /// <summary>Say that there are hints in the ring, when the host sleeps. One-way: there is no reply.</summary>
    WakeHintRing = 32,

    /// <summary>
    /// Record what happens to the pages of every session, into a file. Needs <see cref="Features.Administration"/>.
    /// </summary>
    StartTrace = 33,

    /// <summary>Put a mark into the session's trace: what counts begins here.</summary>
    MarkTrace = 34,

    /// <summary>End the session's trace; its file is complete then.</summary>
    StopTrace = 35,
}
