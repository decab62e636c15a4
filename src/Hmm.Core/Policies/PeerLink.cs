// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Uapi;

namespace Hmm.Core.Policies;

/// <summary>The way from one device to another: how far, how pages go, and how many went (Linux: p2pdma).</summary>
/// <remarks>Threads: any. Each count is atomic.</remarks>
internal sealed class PeerLink
{
    private long _directFrames; // Guarded by: atomic
    private long _bouncedFrames; // Guarded by: atomic

    private PeerLink(int distance, PeerMapType type)
    {
        (Distance, Type) = (distance, type);
    }

    /// <summary>
    /// Steps through the machine, up from one device to what both have in common and down to the other: 0 at the same
    /// place, 2 for two functions of one device, 4 behind two ports of one switch. -1: pages do not go this way.
    /// </summary>
    public int Distance { get; }

    /// <summary>How pages go.</summary>
    public PeerMapType Type { get; }

    /// <summary>Frames that went as they were kept.</summary>
    public long DirectFrames => Volatile.Read(ref _directFrames);

    /// <summary>Frames that went through a bounce buffer, or in part.</summary>
    public long BouncedFrames => Volatile.Read(ref _bouncedFrames);

    /// <summary>Finds out about the way from one device to another.</summary>
    public static PeerLink Between(PageMap from, PageMap to)
    {
        if (from.Ops is IPersistentDevice || to.Ops is IPersistentDevice)
        {
            return new PeerLink(-1, PeerMapType.None);
        }

        // The two share a form if either end takes what the other one makes: what the first handed down comes back.
        // Coherent memory is read where it lies, so it is plain.
        var isDirect = from.Type != PageMapType.Coherent && to.Type != PageMapType.Coherent
            && from.Ops is IPeerMemoryOps source && to.Ops is IPeerMemoryOps target
            && (target.Accepts(source.Encoding) || source.Accepts(target.Encoding));
        return new PeerLink(
            StepsBetween(LocationOf(from), LocationOf(to)), isDirect ? PeerMapType.Direct : PeerMapType.Bounced);
    }

    /// <summary>Whether a page gets to the end of this way sooner than to the end of another.</summary>
    public bool IsNearerThan(PeerLink other) => Distance < other.Distance
        || (Distance == other.Distance && Type == PeerMapType.Direct && other.Type != PeerMapType.Direct);

    /// <summary>Counts frames that arrived.</summary>
    public void Count(bool direct, int frames) =>
        Interlocked.Add(ref direct ? ref _directFrames : ref _bouncedFrames, frames);

    /// <summary>The steps from one place up to what both have in common, and down to the other.</summary>
    internal static int StepsBetween(string left, string right)
    {
        var (one, other) = (Parts(left), Parts(right));
        var common = 0;
        while (common < Math.Min(one.Length, other.Length) && one[common] == other[common])
        {
            common++;
        }

        return one.Length + other.Length - (2 * common);
    }

    private static string[] Parts(string location) => location.Split('/', StringSplitOptions.RemoveEmptyEntries);

    private static string LocationOf(PageMap map) => (map.Ops as IDriverDevice)?.Location ?? string.Empty;
}
