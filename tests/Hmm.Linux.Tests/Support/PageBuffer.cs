// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace Hmm.Linux.Tests.Support;

// Native memory, aligned to a page.
internal sealed unsafe class PageBuffer(int lengthBytes) : IDisposable
{
    internal nint Address { get; } = (nint)NativeMemory.AlignedAlloc((nuint)lengthBytes, 4096);

    internal Span<byte> Span => new((void*)Address, lengthBytes);

    public void Dispose() => NativeMemory.AlignedFree((void*)Address);
}
