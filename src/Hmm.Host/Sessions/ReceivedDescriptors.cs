// SPDX-License-Identifier: GPL-2.0-or-later
using Microsoft.Win32.SafeHandles;

namespace Hmm.Host.Sessions;

/// <summary>
/// The descriptors that came with one message. They belong to this until they are taken; disposing
/// closes the rest, so a refused message leaks none.
/// </summary>
/// <remarks>
/// Owner thread: the session's. Invariant: an entry is -1 once it was taken or closed.
/// </remarks>
internal ref struct ReceivedDescriptors(Span<int> descriptors)
{
    private readonly Span<int> _descriptors = descriptors; // Guarded by: owner thread

    /// <summary>How many came.</summary>
    public readonly int Count => _descriptors.Length;

    /// <summary>Hands a descriptor to the caller, who must close it.</summary>
    public readonly int Take(int index)
    {
        var descriptor = _descriptors[index];
        _descriptors[index] = -1;
        return descriptor;
    }

    /// <summary>Closes what was not taken.</summary>
    public readonly void Dispose()
    {
        foreach (ref var descriptor in _descriptors)
        {
            if (descriptor >= 0)
            {
                new SafeFileHandle(descriptor, ownsHandle: true).Dispose();
                descriptor = -1;
            }
        }
    }
}
