// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Core.Physical;

/// <content>
/// Set-up and teardown. Set-up publishes last and undoes everything when it fails. Teardown runs in
/// the order that <see cref="TeardownStage"/> names; every step checks that the one before it ran,
/// so an inversion ends the host instead of freeing what is in use.
/// </content>
public sealed partial class PageMap
{
    private int _stage; // TeardownStage. Guarded by: atomic; past Live: the thread that removes

    internal PageMap(PhysicalMemory memory, PageMapOptions options, FrameSpan[] spans)
    {
        _memory = memory;
        _order = options.FrameOrder;
        Name = options.Name;
        Type = options.Type;
        Owner = options.Owner;
        OpsOrNone = options.Ops;
        FrameSpans = spans;
        Reference = new LifetimeReference(options.Name);
        foreach (var span in spans)
        {
            FramesTotal += span.FrameCount;
        }
    }

    internal TeardownStage Stage => (TeardownStage)Volatile.Read(ref _stage);

    /// <summary>
    /// Gives every frame of some spans its metadata and publishes the map. All spans or none: a
    /// failure leaves nothing behind. Costs address space only, until frames are used.
    /// </summary>
    /// <param name="memory">The physical memory.</param>
    /// <param name="options">What is asked for.</param>
    /// <exception cref="HmmException">
    /// EINVAL: no spans or too many, a type, order, kind, address or hook that does not fit (the
    /// message says which), a released resource, or an altmap with several spans. ENXIO: a span
    /// touches System RAM. EBUSY: a span is another page map's; the message names both. ENOMEM: no
    /// memory for the metadata, or the altmap is too small.
    /// </exception>
    public static PageMap Create(PhysicalMemory memory, PageMapOptions options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(options);
        PageMapRules.Check(memory, options);
        var spans = new FrameSpan[options.Spans.Count];
        var held = 0;
        var made = 0;
        try
        {
            // 1. Hold the resources, so that they cannot be released from under the map.
            for (; held < spans.Length; held++)
            {
                memory.Resources.Hold(options.Spans[held].Resource, options.Name);
            }

            // 2. Metadata.
            for (; made < spans.Length; made++)
            {
                spans[made] = new FrameSpan(options.Spans[made], options.FrameOrder, options.AltMap, options.Name);
            }

            // 3. Publish.
            var map = new PageMap(memory, options, spans);
            if (!memory.PageMaps.TryInsert(map, out var other, out var span))
            {
                throw new HmmException(
                    Errno.EBUSY,
                    $"'{map.Name}' asks for a page map on {span.Resource}, of which '{other.Name}' has a part; " +
                    "remove that page map or choose another span");
            }

            return map;
        }
        catch
        {
            for (var i = 0; i < made; i++)
            {
                spans[i].Dispose();
            }

            for (var i = 0; i < held; i++)
            {
                memory.Resources.Unhold(options.Spans[i].Resource);
            }

            throw;
        }
    }

    /// <summary>
    /// Removes the map. Waits, without limit, until every frame that is handed out came back, so it
    /// must not be called by a holder of one, or from a hook. The resources are the caller's to
    /// release afterwards. Calling it again does nothing.
    /// </summary>
    public void Remove()
    {
        if (!TryKill())
        {
            return;
        }

        Reference.WaitDrained();
        Drain();
        RemoveFrames();
        EraseIndex();
        ExitReference();
        LetSpansGo();
    }

    /// <summary>
    /// 1. No new gets: lookups find nothing and nothing more is handed out. False: removal began
    /// before.
    /// </summary>
    internal bool TryKill()
    {
        const int Live = (int)TeardownStage.Live;
        if (Interlocked.CompareExchange(ref _stage, (int)TeardownStage.Killed, Live) != Live)
        {
            return false;
        }

        // Hidden first: once the kill is confirmed, no lookup returns the map any more.
        _memory.PageMaps.Hide(this);
        Reference.Kill();
        return true;
    }

    /// <summary>2. Every holder is gone, and every free hook returned.</summary>
    internal void Drain()
    {
        Advance(TeardownStage.Drained);
        Corruption.Require(Reference.IsDrained, "a page map is drained when every lifetime reference is back");
    }

    /// <summary>3. The metadata goes.</summary>
    internal void RemoveFrames()
    {
        Advance(TeardownStage.FramesRemoved);
        Corruption.Require(
            Statistics.FramesUsed == (ulong)FramesTaken, "a drained page map has every frame back that it handed out");
        foreach (var span in FrameSpans)
        {
            span.Dispose();
        }
    }

    /// <summary>
    /// 4. Nobody can come upon the map any more; readers that have it can only fail to get a
    /// reference.
    /// </summary>
    internal void EraseIndex()
    {
        Advance(TeardownStage.Erased);
        _memory.PageMaps.Erase(this);
    }

    /// <summary>5. The reference ends.</summary>
    internal void ExitReference()
    {
        Advance(TeardownStage.Exited);
        Reference.Exit();
    }

    /// <summary>6. Last of all, the numbers may be used again.</summary>
    internal void LetSpansGo()
    {
        Advance(TeardownStage.SpansLetGo);
        foreach (var span in FrameSpans)
        {
            _memory.Resources.Unhold(span.Resource);
        }
    }

    private void Advance(TeardownStage next)
    {
        var seen = Interlocked.CompareExchange(ref _stage, (int)next, (int)next - 1);
        if (seen != (int)next - 1)
        {
            Corruption.Fail($"the teardown of '{Name}' went from {(TeardownStage)seen} to {next}, out of order");
        }
    }
}
