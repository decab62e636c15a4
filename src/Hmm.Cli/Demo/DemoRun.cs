// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Security.Cryptography;
using Hmm.Uapi;

namespace Hmm.Cli.Demo;

/// <summary>
/// The demo itself: real files in one range that is larger than its DRAM budget, used through
/// spans, every byte checked. Shows nothing; presenters do. One thread.
/// </summary>
internal sealed class DemoRun
{
    // As long as the longest run of pages: enough for a fill or an eviction to move in one
    // operation.
    private const int WindowBytes = 1 << 20;

    private readonly DemoPlan _plan; // immutable
    private readonly IDemoRange _range; // immutable
    private readonly IDemoPresenter _presenter; // immutable
    private readonly CancellationToken _cancellation; // immutable
    private readonly DemoProgress _progress = new(); // atomic
    private readonly byte[][] _digests; // owner thread
    private readonly List<PhaseReport> _phases = []; // owner thread
    private readonly List<string> _filesWrong = []; // owner thread
    private KeyDigest _before; // owner thread
    private KeyDigest _after; // owner thread
    private bool _sorted; // owner thread

    internal DemoRun(DemoPlan plan, IDemoRange range, IDemoPresenter presenter, CancellationToken cancellation)
    {
        _plan = plan;
        _range = range;
        _presenter = presenter;
        _cancellation = cancellation;
        _digests = new byte[plan.Data.Files.Count][];
    }

    /// <summary>Runs all phases.</summary>
    /// <exception cref="CommandException">A file cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, between two windows.</exception>
    internal DemoReport Run()
    {
        var begun = Stopwatch.GetTimestamp();
        var sampler = new ResidencySampler(_range);
        try
        {
            _presenter.Started(_plan, new DemoMonitor(_range, _progress, sampler));
            var data = _plan.Data;
            RunPhase(DemoPhase.Load, data.FileBytes, data.FileBytes, Load);
            if (_plan.PmemFile is not null)
            {
                var persistent = (IPersistentDemoRange)_range;
                RunPhase(DemoPhase.Checkpoint, data.PaddedBytes, data.PaddedBytes, persistent.Checkpoint);
                RunPhase(DemoPhase.Reopen, data.PaddedBytes, data.PaddedBytes, persistent.Reopen);
            }

            RunPhase(DemoPhase.Check, data.FileBytes, data.FileBytes, Check);
            var sortReads = PagedSort<RangeKeys>.ExpectedKeyReads(new RangeKeys(_range).Count, _plan.PieceKeysMax);
            // One more pass: the digest of the keys before they move.
            RunPhase(DemoPhase.Sort, data.PaddedBytes + (sortReads * sizeof(ulong)), data.PaddedBytes, Sort);
            RunPhase(DemoPhase.Verify, data.PaddedBytes, data.PaddedBytes, Verify);
        }
        finally
        {
            sampler.Dispose();
        }

        var report = Report(sampler, Stopwatch.GetElapsedTime(begun));
        _presenter.Ended(report);
        return report;
    }

    private void RunPhase(DemoPhase phase, long progressBytes, long bytes, Action body)
    {
        var before = _range.Statistics;
        var begun = Stopwatch.GetTimestamp();
        _progress.Begin(phase, progressBytes);
        body();
        var report = PhaseReport.Of(phase, Stopwatch.GetElapsedTime(begun), bytes, before, _range.Statistics);
        _phases.Add(report);
        _presenter.PhaseEnded(report);
        _cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>
    /// Copies each file into its place, and takes its digest from what the disk gave, not from the
    /// range.
    /// </summary>
    private void Load()
    {
        var buffer = new byte[WindowBytes];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < _plan.Data.Files.Count; i++)
        {
            LoadFile(_plan.Data.Files[i], buffer, hash);
            _digests[i] = hash.GetHashAndReset();
        }
    }

    private void LoadFile(DataFile file, byte[] buffer, IncrementalHash hash)
    {
        try
        {
            using var handle = File.OpenHandle(file.Path, options: FileOptions.SequentialScan);
            for (var position = 0L; position < file.LengthBytes;)
            {
                var wanted = (int)Math.Min(buffer.Length, file.LengthBytes - position);
                var read = RandomAccess.Read(handle, buffer.AsSpan(0, wanted), position);
                if (read == 0)
                {
                    throw new EndOfStreamException("it became shorter while it was read");
                }

                hash.AppendData(buffer, 0, read);
                buffer.AsSpan(0, read).CopyTo(_range.Span(file.Offset + position, read));
                position += read;
                Advance(read);
            }
        }
        catch (Exception exception) when (exception is IOException and not HmmException or UnauthorizedAccessException)
        {
            throw DataSet.Unreadable(file.Path, exception);
        }
    }

    /// <summary>
    /// Reads every file back, in an order of which neither the range nor the disk knows anything.
    /// </summary>
    private void Check()
    {
        var order = new int[_plan.Data.Files.Count];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        new Random(_plan.Seed).Shuffle(order);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var i in order)
        {
            var file = _plan.Data.Files[i];
            for (var position = 0L; position < file.LengthBytes; position += WindowBytes)
            {
                var length = (int)Math.Min(WindowBytes, file.LengthBytes - position);
                hash.AppendData(_range.Span(file.Offset + position, length));
                Advance(length);
            }

            if (!hash.GetHashAndReset().AsSpan().SequenceEqual(_digests[i]))
            {
                _filesWrong.Add(file.Path);
            }
        }
    }

    private void Sort()
    {
        var keys = new RangeKeys(_range);
        for (var start = 0L; start < keys.Count; start += WindowBytes / sizeof(ulong))
        {
            var window = keys.Window(start, (int)Math.Min(WindowBytes / sizeof(ulong), keys.Count - start));
            _before = _before.Add(window);
            Advance(window.Length * sizeof(ulong));
        }

        var sort = new PagedSort<RangeKeys>(
            keys, _plan.PieceKeysMax, new Random(_plan.Seed), count => Advance(count * sizeof(ulong)));
        sort.Sort();
    }

    private void Verify()
    {
        var keys = new RangeKeys(_range);
        var last = ulong.MinValue;
        _sorted = true;
        for (var start = 0L; start < keys.Count; start += WindowBytes / sizeof(ulong))
        {
            var window = keys.Window(start, (int)Math.Min(WindowBytes / sizeof(ulong), keys.Count - start));
            _after = _after.Add(window);
            foreach (var key in window)
            {
                _sorted &= last <= key;
                last = key;
            }

            Advance(window.Length * sizeof(ulong));
        }
    }

    private void Advance(long bytes)
    {
        _progress.Add(bytes);
        _cancellation.ThrowIfCancellationRequested();
    }

    private DemoReport Report(ResidencySampler sampler, TimeSpan elapsed)
    {
        var statistics = _range.Statistics;
        var keysKept = _before == _after;
        var verdict = DemoVerdict.Of(_plan, _filesWrong, _sorted, keysKept, sampler.PeakBytes);
        return new DemoReport
        {
            Right = verdict.Right,
            Verdict = verdict.Sentence,
            Data = _plan.Data.Root,
            PmemFile = _plan.KeepsPmemFile ? _plan.PmemFile : null,
            Files = _plan.Data.Files.Count,
            DataBytes = _plan.Data.FileBytes,
            RangeBytes = _plan.Data.PaddedBytes,
            BudgetBytes = _plan.BudgetBytes,
            PeakResidentBytes = sampler.PeakBytes,
            ResidentSamples = sampler.Samples,
            LongestSampleGapMs = sampler.LongestGap.TotalMilliseconds,
            Seed = _plan.Seed,
            FilesRight = _plan.Data.Files.Count - _filesWrong.Count,
            FilesWrong = _filesWrong,
            Sorted = _sorted,
            KeysKept = keysKept,
            Faults = statistics.Faults,
            WriteProtectFaults = statistics.WriteProtectFaults,
            Fills = statistics.FilledPages,
            Prefetched = statistics.PrefetchedPages,
            Evictions = statistics.EvictedPages,
            BytesIn = statistics.BytesIn,
            BytesOut = statistics.BytesOut,
            Seconds = elapsed.TotalSeconds,
            Phases = _phases,
        };
    }
}
