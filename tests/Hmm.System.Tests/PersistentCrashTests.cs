// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Hmm.Pmem;
using Hmm.System.Tests.Parts;
using Hmm.System.Tests.Support;
using Hmm.Uapi;
using Xunit.Abstractions;

namespace Hmm.System.Tests;

/// <summary>
/// Application and host are killed at a random moment, over and over, on one file: it holds the last checkpoint that
/// was reported, or the one that was being made; it is of one moment; and the next application goes on from it.
/// </summary>
public sealed class PersistentCrashTests(ITestOutputHelper output)
{
    // What fits a minute of a test run; HMM_TEST_CRASHES=1000 for the whole of it.
    private const int CrashesDefault = 15;
    private const string CrashesVariable = "HMM_TEST_CRASHES";
    private const string SeedVariable = "HMM_SEED";

    [Fact]
    public void LeaveTheLastCheckpointOrTheOneBeingMade()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("data");
        var seed = NumberOf(SeedVariable, Environment.TickCount & 0xFFFF);
        var crashes = NumberOf(CrashesVariable, CrashesDefault);
        var random = new Random(seed);
        var (reported, newer) = (0L, 0L);
        for (var crash = 0; crash < crashes; crash++)
        {
            var (sequence, rounds) = RunAndKill(file, random);
            reported += sequence > 0 ? 1 : 0;
            newer += Judge(file, sequence, rounds, $"seed {seed}, crash {crash}") ? 1 : 0;
        }

        output.WriteLine($"seed {seed}: {crashes} crashes, {reported} after a checkpoint, {newer} left the next one");
        Assert.True(reported > crashes / 2, $"only {reported} of {crashes} applications got as far as a checkpoint");
    }

    private static int NumberOf(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number)
            ? number
            : otherwise;

    // The last checkpoint that the application reported, and what every writer had done before it was asked for.
    private static (ulong Sequence, ulong[] Rounds) RunAndKill(string file, Random random)
    {
        using var child = Child.Play("persist", file, random.Next(1, 4).ToString(CultureInfo.InvariantCulture));
        var opened = child.ReadLine();
        Assert.True(opened?.StartsWith("open ", StringComparison.Ordinal), $"'{opened}': {child.Errors}");
        var host = int.Parse(opened![5..], CultureInfo.InvariantCulture);
        var (first, second) = random.Next(2) == 0 ? (host, child.ProcessId) : (child.ProcessId, host);

        // One in eight during the first checkpoint of the process; the others some time after a later one.
        var last = random.Next(8) == 0 ? string.Empty : child.ReadLine() ?? string.Empty;
        var limit = TimeSpan.FromMilliseconds(random.NextDouble() * 120);
        var clock = Stopwatch.StartNew();

        // Lines are read as they come, so the kill is at no certain point of any of them.
        var killer = new Thread(() =>
        {
            SpinWait.SpinUntil(() => clock.Elapsed >= limit);
            Signal.Send(first, Signal.Kill);
            TryKill(second);
        });
        killer.Start();
        while (child.ReadLine() is { } line)
        {
            // The last line may be cut: what was not said whole was not reported.
            last = line.StartsWith("made ", StringComparison.Ordinal) && line.EndsWith('.') ? line : last;
        }

        killer.Join();
        child.WaitForExit();
        Hosts.Eventually(() => !Directory.Exists($"/proc/{host}"), "the host is gone");
        var numbers = last.TrimEnd('.').Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(static word => ulong.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        return numbers.Length == 0 ? (0, new ulong[Persisting.Writers]) : (numbers[0], numbers[1..]);
    }

    // A private host ends by itself when its application does, perhaps before the signal comes.
    private static void TryKill(int process)
    {
        try
        {
            Process.GetProcessById(process).Kill();
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // It is gone.
        }
    }

    // Whether the file holds a newer checkpoint than the one that was reported.
    private static bool Judge(string path, ulong sequence, ulong[] rounds, string where)
    {
        using var file = PmemFile.Open(path);
        var check = PmemCheck.Run(file);
        Assert.True(check.Findings.Count == 0, $"{where}: {string.Join("; ", check.Findings)}");
        var record = check.Store.Find(FixedName.Create("rounds"));
        if (record is null)
        {
            Assert.True(sequence == 0, $"{where}: checkpoint {sequence} is lost");
            return false;
        }

        Assert.True(
            record.Sequence == sequence || record.Sequence == sequence + 1 || sequence == 0,
            $"{where}: the last checkpoint is {record.Sequence}, and {sequence} was the last that was reported");
        var table = check.Store.TableOf(record);
        for (var writer = 0; writer < Persisting.Writers; writer++)
        {
            var round = Persisting.Judge(ReadStripe(file, table, writer, where));
            Assert.True(round >= rounds[writer], $"{where}: round {rounds[writer]} was in, and now it is {round}");
        }

        return record.Sequence == sequence + 1;
    }

    private static ulong[] ReadStripe(PmemFile file, FrameTable table, int writer, string where)
    {
        var values = new ulong[Persisting.StripePages];
        var bytes = new byte[PmemFormat.FrameBytes];
        for (var page = 0; page < values.Length; page++)
        {
            Assert.Equal(Errno.None, table.Find((writer * Persisting.StripePages) + page, out var pointer));
            if (pointer.IsNone)
            {
                continue;
            }

            Assert.Equal(Errno.None, file.Read(PmemFormat.OffsetOf(pointer.Frame), bytes));
            values[page] = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(7 * sizeof(ulong)));
            var behind = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(500 * sizeof(ulong)));
            Assert.True(
                behind == values[page] || behind == values[page] - 1, $"{where}: page {page} is of two moments");
        }

        return values;
    }
}
