// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace Hmm.Modules.Block;

/// <summary>What a device's keeper needs to move the pages of one segment: a buffer for it, and a list.</summary>
/// <remarks>Threads: the keeper's only. The buffer is made when it is first needed.</remarks>
internal sealed unsafe class Cleaner : IDisposable
{
    private void* _buffer;

    /// <summary>The transfers under way.</summary>
    public SyncTransfer Transfer { get; } = new();

    /// <summary>The pages that are to be moved.</summary>
    public MovedPage[] Pages { get; } = new MovedPage[Log.SegmentPages];

    /// <summary>Where they go.</summary>
    public PlaceRun[] Runs { get; } = new PlaceRun[Log.SegmentPages];

    /// <summary>The address of a segment's page, or of where a page waits to be written.</summary>
    public nint BufferOf(int page)
    {
        if (_buffer is null)
        {
            // Safe because it is as long as a segment, and page is one of it.
            _buffer = NativeMemory.AlignedAlloc(Log.SegmentPages << 12, 4096);
        }

        return (nint)_buffer + (page << 12);
    }

    /// <summary>Moves a page to where it waits to be written: towards the front, over one that is done with.</summary>
    public void Copy(int from, int to)
    {
        if (from != to)
        {
            Buffer.MemoryCopy((void*)BufferOf(from), (void*)BufferOf(to), 4096, 4096);
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_buffer);
        Transfer.Dispose();
    }
}
