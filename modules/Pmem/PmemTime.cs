// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Pmem;

/// <summary>The time as the format has it.</summary>
internal static class PmemTime
{
    private const ulong NsPerTick = 100;

    /// <summary>Nanoseconds since 1970.</summary>
    public static ulong NowNs => (ulong)(TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * NsPerTick;
}
