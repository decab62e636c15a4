// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;

namespace Hmm.Conformance;

/// <summary>
/// What a device must hold: the frames of one user and the number of each one's page. Evicts, faults and frees through
/// the device's hooks and compares byte for byte.
/// </summary>
/// <remarks>
/// Threads: one each; several models may share a device, since the device hands out a frame once. A page that was
/// turned down, or that could not be written, is freed, as the core does.
/// </remarks>
internal sealed partial class PageModel(DriverUnderTest driver, Rig rig, Tally tally)
{
    /// <summary>Reads of a page that may fail before it counts as lost: a host retries, too.</summary>
    private const int ReadTriesMax = 20;

    private readonly SortedDictionary<ulong, ulong> _pages = []; // Guarded by: owner thread; frame -> number

    /// <summary>How many pages the device holds for this user.</summary>
    public int Count => _pages.Count;

    /// <summary>Evicts pages, in batches as given, all handed over before the first is waited for.</summary>
    /// <param name="batches">For each batch, for each segment, the numbers of its pages.</param>
    /// <returns>False where the device had no frame left.</returns>
    public bool Evict(IReadOnlyList<IReadOnlyList<ulong[]>> batches)
    {
        var flights = batches.Select(TakeOff).Where(static flight => flight.Pieces.Count > 0).ToList();
        var isComplete = flights.Sum(static flight => flight.Pieces.Count) == batches.Sum(static batch => batch.Count);
        flights.ForEach(flight => rig.Evict(flight.Batch));
        foreach (var flight in flights)
        {
            rig.Wait("an eviction", flight.Batch);
            Land(flight);
        }

        return isComplete;
    }

    /// <summary>Reads pages back, in batches that are all handed over before the first is waited for.</summary>
    /// <param name="batches">For each batch, for each segment, its frames: contiguous, and held.</param>
    public void Fault(IReadOnlyList<IReadOnlyList<(Pfn First, int Frames)>> batches)
    {
        var flights = batches.Select(static batch => new Flight(
            new ProbeBatch(),
            batch.Select(static run => new Piece(run.First, run.Frames, new PageBuffer(run.Frames), [])).ToList()))
            .ToList();
        foreach (var flight in flights)
        {
            flight.Pieces.ForEach(piece => flight.Batch.Add(piece.First, piece.Frames, piece.Buffer.Address));
            rig.Fault(flight.Batch);
        }

        foreach (var flight in flights)
        {
            rig.Wait("a fault", flight.Batch);
            for (var i = 0; i < flight.Pieces.Count; i++)
            {
                Verify(flight.Pieces[i], flight.Batch.ErrorAt(i));
            }
        }
    }

    /// <summary>Reads every page back.</summary>
    public void FaultAll()
    {
        foreach (var chunk in Runs(CopyBatch.FramesMax / CopyBatch.SegmentsMax).Chunk(CopyBatch.SegmentsMax))
        {
            Fault([chunk]);
        }
    }

    /// <summary>Frees some frames: contiguous, and held.</summary>
    public void Free(Pfn first, int frames)
    {
        rig.Free(first, frames);
        for (var i = 0; i < frames; i++)
        {
            _pages.Remove((first + i).Value);
        }
    }

    /// <summary>Frees everything.</summary>
    public void FreeAll()
    {
        foreach (var (first, frames) in Runs(CopyBatch.FramesMax))
        {
            Free(first, frames);
        }
    }

    /// <summary>A random run of held frames.</summary>
    public (Pfn First, int Frames) Pick(Random random, int framesMax)
    {
        var first = _pages.Keys.ElementAt(random.Next(_pages.Count));
        var frames = 1;
        while (frames < framesMax && _pages.ContainsKey(first + (ulong)frames))
        {
            frames++;
        }

        return (new Pfn(first), frames);
    }

    /// <summary>All held frames as runs of at most so many.</summary>
    public List<(Pfn First, int Frames)> Runs(int framesMax)
    {
        var runs = new List<(Pfn First, int Frames)>();
        foreach (var frame in _pages.Keys)
        {
            if (runs.Count > 0 && runs[^1].Frames < framesMax
                && runs[^1].First.Value + (ulong)runs[^1].Frames == frame)
            {
                runs[^1] = (runs[^1].First, runs[^1].Frames + 1);
            }
            else
            {
                runs.Add((new Pfn(frame), 1));
            }
        }

        return runs;
    }

    /// <summary>Finds frames for a batch's pages; the device may give shorter runs than asked for, or none.</summary>
    private Flight TakeOff(IReadOnlyList<ulong[]> segments)
    {
        List<Piece> pieces = [];
        var batch = new ProbeBatch
        {
            // What the core does with a buffer once it is complete: something else. A driver that still reads from it
            // keeps wrong bytes.
            Continuation = () => pieces.ForEach(static piece => piece.Buffer.Bytes.Fill(0xEE)),
        };
        foreach (var numbers in segments)
        {
            if (!rig.TryAllocate(numbers.Length, out var first, out var frames))
            {
                break;
            }

            var piece = new Piece(first, frames, new PageBuffer(frames), numbers);
            for (var i = 0; i < frames; i++)
            {
                Pages.Write(numbers[i], piece.Buffer.Page(i));
            }

            pieces.Add(piece);
            batch.Add(first, frames, piece.Buffer.Address);
        }

        return new Flight(batch, pieces);
    }

    private void Land(Flight flight)
    {
        for (var i = 0; i < flight.Pieces.Count; i++)
        {
            var piece = flight.Pieces[i];
            piece.Buffer.CheckGuards();
            for (var frame = 0; frame < piece.Frames; frame++)
            {
                Settle(flight.Batch, i, piece.First, frame, piece.Numbers[frame]);
            }

            piece.Buffer.Dispose();
        }
    }

    /// <summary>A page was taken, and is held, or was not, and its frame is free.</summary>
    private void Settle(ProbeBatch batch, int segment, Pfn first, int frame, ulong number)
    {
        var pfn = first + frame;
        if (batch.ErrorAt(segment) != Errno.None)
        {
            tally.WriteError();
            rig.Free(pfn, 1);
        }
        else if (batch.IsRefusedAt(segment, frame))
        {
            tally.Refuse();
            rig.Free(pfn, 1);
        }
        else
        {
            tally.Write();
            _pages.Add(pfn.Value, number);
        }
    }

    private void CountReadError(Pfn first, int tries, Errno error)
    {
        tally.ReadError();
        if (tries == ReadTriesMax)
        {
            throw new ConformanceException(
                $"{first} could not be read in {tries} tries, the last failed with {error}; an eviction completes "
                    + "without an error only when a read would return it");
        }
    }

    private void Verify(Piece piece, Errno error)
    {
        piece.Buffer.CheckGuards();
        for (var tries = 1; error != Errno.None; tries++)
        {
            CountReadError(piece.First, tries, error);
            var again = new ProbeBatch().Add(piece.First, piece.Frames, piece.Buffer.Address);
            rig.Fault(again);
            rig.Wait("a fault", again);
            error = again.ErrorAt(0);
        }

        for (var i = 0; i < piece.Frames; i++)
        {
            tally.Read();
            var number = _pages[(piece.First + i).Value];
            if (Pages.FirstDifference(number, piece.Buffer.Page(i)) is >= 0 and var at)
            {
                throw new ConformanceException(
                    $"{piece.First + i} returned other bytes than were evicted to it, from byte {at} on; it was a page "
                        + $"of {Pages.KindOf(number)}; seed {driver.Options.Seed}");
            }
        }

        piece.Buffer.Dispose();
    }

    private sealed record Piece(Pfn First, int Frames, PageBuffer Buffer, ulong[] Numbers);

    private sealed record Flight(ProbeBatch Batch, List<Piece> Pieces);
}
