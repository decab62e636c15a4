// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Pmem;

/// <summary>The free frames of a file that no host has open: all that no checkpoint names, lowest first.</summary>
public sealed class FileSpace : IFrameSpace
{
    private readonly FrameSet _used; // Guarded by: owner
    private readonly ulong _frameCount; // immutable
    private ulong _next; // Guarded by: owner

    /// <summary>Finds out what is free.</summary>
    public FileSpace(PmemStore store)
    {
        _frameCount = store.FrameCount;
        _used = store.FramesInUse();
    }

    /// <inheritdoc/>
    public bool TryTake(out ulong frame)
    {
        while (_next < _frameCount && !_used.Add(_next))
        {
            _next++;
        }

        frame = _next;
        return _next < _frameCount;
    }

    /// <inheritdoc/>
    public void GiveBack(ulong frame)
    {
        _used.Remove(frame);
        _next = Math.Min(_next, frame);
    }
}
