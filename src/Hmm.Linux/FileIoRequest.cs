// SPDX-License-Identifier: MIT
namespace Hmm.Linux;

/// <summary>One transfer between a file and memory.</summary>
/// <param name="Write">To the file, rather than from it.</param>
/// <param name="Offset">The first byte's offset in the file.</param>
/// <param name="Buffer">
/// The memory: <paramref name="LengthBytes"/> bytes that stay valid and unmoved until completion.
/// </param>
/// <param name="LengthBytes">
/// How many bytes; at least 1. Offset, buffer and length in multiples of 4096 go direct.
/// </param>
/// <param name="Target">What is told when it is done.</param>
/// <param name="Tag">What the target knows it by.</param>
public readonly record struct FileIoRequest(
    bool Write, ulong Offset, nint Buffer, int LengthBytes, IFileIoCompletion Target, long Tag);
