// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <summary>
/// What the 64-bit tag of a read says whose frames share places, where <see cref="TransferTag"/> says it of others.
/// <code>
///   place: 32 bits | copy: 13 | first frame in it: 9 | frames - 1: 5 | places - 1: 5
/// </code>
/// </summary>
internal static class SharedTag
{
    private const int FirstBits = 9;
    private const int CountBits = 5;

    public static long Pack(int copy, in ReadRun run) => (long)(((ulong)run.Place << 32)
        | ((ulong)(uint)copy << (FirstBits + (2 * CountBits)))
        | ((ulong)(uint)run.First << (2 * CountBits))
        | ((ulong)(uint)(run.Frames - 1) << CountBits)
        | (uint)(run.Places - 1));

    public static ReadRun Unpack(long tag, out int copy)
    {
        copy = (int)((uint)tag >> (FirstBits + (2 * CountBits)));
        return new ReadRun(
            (uint)(tag >> 32),
            (short)((tag >> (2 * CountBits)) & ((1 << FirstBits) - 1)),
            (short)(((tag >> CountBits) & ((1 << CountBits) - 1)) + 1),
            (short)((tag & ((1 << CountBits) - 1)) + 1));
    }
}
