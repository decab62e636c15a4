// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.System.Tests.Support;

// Bytes that tell where they belong.
internal static class Pattern
{
    // Never zero, and different for every place and round.
    internal static ulong At(long index, int round = 0) =>
        ((ulong)(index + 1) * 0x9E3779B97F4A7C15) ^ ((ulong)round << 56);

    internal static ulong[] Words(long start, int count, int round = 0)
    {
        var words = new ulong[count];
        for (var i = 0; i < count; i++)
        {
            words[i] = At(start + i, round);
        }

        return words;
    }

    // A file of words.
    internal static void WriteFile(string path, int words)
    {
        using var file = File.Create(path);
        file.Write(Bytes(Words(0, words)));
    }

    internal static byte[] Bytes(ulong[] words)
    {
        var bytes = new byte[words.Length * sizeof(ulong)];
        Buffer.BlockCopy(words, 0, bytes, 0, bytes.Length);
        return bytes;
    }
}
