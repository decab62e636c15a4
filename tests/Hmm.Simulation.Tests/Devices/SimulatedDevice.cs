// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;
using Hmm.Uapi;

namespace Hmm.Simulation.Tests.Devices;

/// <summary>
/// Device memory whose copies complete late, out of order, and sometimes not at all. It checks what a driver may rely
/// on: what is read was written, and a frame is not freed while a copy of it is under way. It may keep pages encoded,
/// every bit inverted, and then passes them on so.
/// </summary>
/// <remarks>Threads: any, under its gate; the core is never entered with it held.</remarks>
internal sealed unsafe class SimulatedDevice : IPeerMemoryOps
{
    private static readonly PageEncoding s_inverted = PageEncoding.Of("inverted");

    private bool _encodes; // Guarded by: set before it is used
    private readonly SeededScheduler _scheduler; // immutable
    private readonly object _gate = new();
    private readonly List<Copy> _pending = []; // Guarded by: _gate
    private readonly byte* _medium; // Guarded by: _gate
    private readonly bool[] _written; // Guarded by: _gate
    private readonly uint[] _sums; // Guarded by: _gate; of pages that are kept encoded
    private readonly int[] _busy; // Guarded by: _gate
    private readonly Pfn _first; // immutable
    private long _writtenCount; // Guarded by: _gate
    private int _completing; // Guarded by: _gate

    /// <summary>Adds device memory to the simulated host.</summary>
    /// <param name="scheduler">Decides what completes when.</param>
    /// <param name="pool">Holds the medium.</param>
    /// <param name="physical">The physical address space.</param>
    /// <param name="name">The device's name.</param>
    /// <param name="frames">Its size.</param>
    /// <param name="coherent">Whether the CPU reaches it.</param>
    public SimulatedDevice(
        SeededScheduler scheduler, NativePool pool, PhysicalMemory physical, string name, int frames, bool coherent)
    {
        _scheduler = scheduler;
        _written = new bool[frames];
        _sums = new uint[frames];
        _busy = new int[frames];

        // Safe because every frame number is checked to lie within the medium.
        _medium = (byte*)pool.Rent((long)frames << Pfn.Shift);
        Device = new Device(name, physical);
        var bytes = (ulong)frames << Pfn.Shift;
        if (coherent)
        {
            var span = physical.Resources.RequestFree(bytes, 2 << 20, name, ResourceKind.DeviceCoherent);
            Memory = DeviceMemory.AddResource(this, Device, span, (nint)_medium);
        }
        else
        {
            Memory = DeviceMemory.Add(this, Device, bytes);
        }

        _first = Pfn.FromAddress(Memory.PageMap.Spans[0].Start);
    }

    public Device Device { get; }

    public DeviceMemory Memory { get; }

    public DeviceFaults Faults { get; } = new();

    /// <summary>Whether it keeps pages encoded; set before its use. Never what the CPU reads where it lies.</summary>
    public bool Encodes
    {
        get => _encodes && Memory.PageMap.Type != PageMapType.Coherent;
        set => _encodes = value;
    }

    public PageEncoding Encoding => s_inverted;

    /// <summary>Pages that went out or came in as they are kept.</summary>
    public int AsKeptCount { get; private set; } // Guarded by: _gate

    /// <summary>The first frame.</summary>
    public Pfn First => _first;

    /// <summary>Failed copies so far.</summary>
    public int ErrorCount { get; private set; } // Guarded by: _gate

    /// <summary>Copies that are not complete.</summary>
    public int PendingCount
    {
        get
        {
            lock (_gate)
            {
                return _pending.Count + _completing;
            }
        }
    }

    /// <summary>Copies that a completer can take.</summary>
    public bool HasPending
    {
        get
        {
            lock (_gate)
            {
                return _pending.Count > 0;
            }
        }
    }

    /// <summary>Holds completions back: an I/O that is under way for as long as a test needs it.</summary>
    public bool IsHeld { get; set; }

    /// <summary>The bytes of frames, for files and checks.</summary>
    public Span<byte> Content(long frame, int frames)
    {
        Assert.InRange(frame, 0, _written.Length - frames);
        return new Span<byte>(_medium + (frame << Pfn.Shift), frames << Pfn.Shift);
    }

    /// <summary>Declares frames as holding data, as those of a file do.</summary>
    public void MarkWritten() => Array.Fill(_written, true);

    public void Fault(CopyBatch batch) => Take(batch, evict: false);

    public void Evict(CopyBatch batch) => Take(batch, evict: true);

    public bool Accepts(PageEncoding encoding) => Encodes && (encoding.IsPlain || encoding == s_inverted);

    public void Export(PeerBatch batch) => Take(batch, evict: false);

    public void Import(PeerBatch batch) => Take(batch, evict: true);

    public void Free(Pfn first, int frameCount)
    {
        _scheduler.Yield();
        lock (_gate)
        {
            var index = first - _first;
            for (var i = index; i < index + frameCount; i++)
            {
                Require(_busy[i] == 0, i, "is freed while a copy of it is under way");
                _writtenCount -= _written[i] ? 1 : 0;
                _written[i] = false;
            }

            Content(index, frameCount).Fill(0xFD);
        }
    }

    /// <summary>Completes one copy; false if there is none.</summary>
    public bool CompleteOne()
    {
        Copy copy;
        lock (_gate)
        {
            if (_pending.Count == 0)
            {
                return false;
            }

            var index = _scheduler.Random.Next(_pending.Count);
            copy = _pending[index];
            _pending[index] = _pending[^1];
            _pending.RemoveAt(_pending.Count - 1);
            _completing++;
        }

        Complete(copy);
        lock (_gate)
        {
            _completing--;
        }

        return true;
    }

    private void Take(CopyBatch batch, bool evict)
    {
        _scheduler.Yield();
        var count = batch.Count;
        var inline = _scheduler.Random.Chance(Faults.InlinePermille);
        for (var i = 0; i < count; i++)
        {
            var copy = new Copy(batch, i, batch[i], evict);
            lock (_gate)
            {
                CountBusy(copy, 1);
                if (!inline)
                {
                    _pending.Add(copy);
                    continue;
                }
            }

            // The last one ends the batch: it is not looked at any more after that.
            Complete(copy);
        }

        _scheduler.Yield();
    }

    private void Complete(in Copy copy)
    {
        _scheduler.Yield();
        Errno error;
        lock (_gate)
        {
            error = copy.Evict ? Write(copy, copy.Segment) : Read(copy, copy.Segment);
            ErrorCount += error == Errno.None ? 0 : 1;
            CountBusy(copy, -1);
        }

        _scheduler.Yield();
        copy.Batch.Complete(copy.Index, error);
    }

    private Errno Read(in Copy copy, in CopySegment segment)
    {
        var frame = segment.First - _first;
        var buffer = new Span<byte>((void*)segment.Buffer, segment.LengthBytes);
        if (_scheduler.Random.Chance(Faults.ReadErrorPermille) || Faults.ReadErrorsNext-- > 0
            || Faults.IsBad(frame, segment.FrameCount))
        {
            buffer.Fill(0xEE);
            return Errno.EIO;
        }

        for (var i = frame; i < frame + segment.FrameCount; i++)
        {
            Require(_written[i], i, "is read but holds nothing");
        }

        Content(frame, segment.FrameCount).CopyTo(buffer);
        for (var i = 0; Encodes && i < segment.FrameCount; i++)
        {
            Decode(copy, i, frame + i, segment.Buffer + (i << Pfn.Shift));
        }

        return Errno.None;
    }

    private void Decode(in Copy copy, int at, long frame, nint page)
    {
        var peers = copy.Batch is PeerBatch { IsEncoded: true } batch ? batch : null;
        if (peers is not null && peers.Accepts(s_inverted))
        {
            peers.PageAt(copy.Index, at) = new EncodedPage(s_inverted, Pfn.SizeBytes, _sums[frame]);
            AsKeptCount++;
            return;
        }

        Invert(page);
        Require(Checksum.OfFrame(page) == _sums[frame], frame, "does not hold the page that was encoded");
        if (peers is not null)
        {
            peers.PageAt(copy.Index, at) = new EncodedPage(PageEncoding.Plain, Pfn.SizeBytes, 0);
        }
    }

    private void Encode(in Copy copy, int at, long frame, nint page)
    {
        var said = copy.Batch is PeerBatch { IsEncoded: true } batch ? batch.PageAt(copy.Index, at) : default;
        AsKeptCount += said.Encoding.IsPlain ? 0 : 1;
        _sums[frame] = said.Encoding.IsPlain ? Checksum.OfFrame(page) : said.Checksum;
        if (said.Encoding.IsPlain)
        {
            Invert(page);
        }
    }

    private static void Invert(nint page)
    {
        foreach (ref var word in new Span<ulong>((void*)page, Pfn.SizeBytes / sizeof(ulong)))
        {
            word = ~word;
        }
    }

    private Errno Write(in Copy copy, in CopySegment segment)
    {
        var frame = segment.First - _first;
        var fresh = 0;
        for (var i = frame; i < frame + segment.FrameCount; i++)
        {
            fresh += _written[i] ? 0 : 1;
        }

        if (_writtenCount + fresh > Faults.CapacityFrames)
        {
            return Errno.ENOSPC;
        }

        if (_scheduler.Random.Chance(Faults.WriteErrorPermille))
        {
            return Errno.EIO;
        }

        for (var i = 0; Encodes && i < segment.FrameCount; i++)
        {
            Encode(copy, i, frame + i, segment.Buffer + (i << Pfn.Shift));
        }

        new ReadOnlySpan<byte>((void*)segment.Buffer, segment.LengthBytes).CopyTo(Content(frame, segment.FrameCount));
        for (var i = frame; i < frame + segment.FrameCount; i++)
        {
            _written[i] = true;
        }

        _writtenCount += fresh;
        return Errno.None;
    }

    private void CountBusy(in Copy copy, int change)
    {
        var frame = copy.Segment.First - _first;
        for (var i = frame; i < frame + copy.Segment.FrameCount; i++)
        {
            _busy[i] += change;
        }
    }

    // The message is made only when it is needed: the test of garbage counts what a run allocates.
    private static void Require(bool holds, long frame, string what)
    {
        if (!holds)
        {
            throw new ScheduleException($"frame {frame} {what}");
        }
    }

    private readonly record struct Copy(CopyBatch Batch, int Index, CopySegment Segment, bool Evict);
}
