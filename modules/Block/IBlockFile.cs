// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Block;

/// <summary>What a block device needs of its file; tests put one of their own here that fails when told to.</summary>
internal interface IBlockFile : IDisposable
{
    /// <summary>How much there is for pages.</summary>
    ulong LengthBytes { get; }

    /// <summary>Where it is and how it is reached, in a few words.</summary>
    string Description { get; }

    /// <inheritdoc cref="FileIo.Location"/>
    string Location { get; }

    /// <inheritdoc cref="FileIo.Submit"/>
    void Submit(in FileIoRequest request);

    /// <inheritdoc cref="FileIo.PunchHole"/>
    Errno Discard(ulong offset, ulong lengthBytes);

    /// <inheritdoc cref="FileIo.RegisterBuffers"/>
    Errno RegisterBuffers(IReadOnlyList<FileIoBuffers> buffers);
}
