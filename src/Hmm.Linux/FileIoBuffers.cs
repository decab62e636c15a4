// SPDX-License-Identifier: MIT
namespace Hmm.Linux;

/// <summary>Buffers of equal size in one piece of memory, of which the first bytes of each are used most.</summary>
/// <param name="Address">The first byte of the first buffer.</param>
/// <param name="StrideBytes">From one buffer to the next.</param>
/// <param name="LengthBytes">How much of each, from its start: 1 to <paramref name="StrideBytes"/>.</param>
/// <param name="Count">How many.</param>
public readonly record struct FileIoBuffers(nint Address, int StrideBytes, int LengthBytes, int Count);
