// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace Hmm.Modules.Block;

/// <summary>The seals of encrypted pages, by place: 24 bytes each, which take DRAM once they are used.</summary>
internal sealed unsafe class SealTable : IDisposable
{
    private readonly Seal* _seals; // immutable

    public SealTable(long places)
    {
        _seals = (Seal*)NativeMemory.AllocZeroed((nuint)places, (nuint)sizeof(Seal));
    }

    /// <summary>The seal of a place; the place's owner may read and write it.</summary>
    public ref Seal this[uint place] => ref _seals[place];

    public void Dispose() => NativeMemory.Free(_seals);
}
