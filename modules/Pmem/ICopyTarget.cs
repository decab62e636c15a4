// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Uapi;

namespace Hmm.Modules.Pmem;

/// <summary>What a worker's copy goes to or comes from: the device's frames, or an image.</summary>
internal interface ICopyTarget
{
    /// <summary>Copies a segment; the worker completes it with what this returns.</summary>
    Errno Copy(in CopySegment segment, bool write);
}
