// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>What Query lists, and so the type of its records.</summary>
public enum QueryKind : uint
{
    /// <summary>
    /// The resource tree, in order of address, parents first: <see cref="ResourceRecord"/>.
    /// Administration.
    /// </summary>
    Resources = 0,

    /// <summary>Devices: <see cref="DeviceRecord"/>. Administration.</summary>
    Devices = 1,

    /// <summary>Page maps: <see cref="PageMapRecord"/>. Administration.</summary>
    PageMaps = 2,

    /// <summary>
    /// Ranges: <see cref="RangeRecord"/>. The session's own; with Administration those of every
    /// session.
    /// </summary>
    Ranges = 3,

    /// <summary>
    /// Checkpoints of persistent ranges: <see cref="CheckpointRecord"/>. The user's own; with
    /// Administration everyone's.
    /// </summary>
    Checkpoints = 4,

    /// <summary>
    /// The ways between devices, for each pair one each way: <see cref="PeerRecord"/>. Administration.
    /// </summary>
    Peers = 5,
}
