// SPDX-License-Identifier: GPL-2.0-or-later
using Xunit.Abstractions;

namespace Hmm.Conformance.Tests;

/// <summary>A driver that breaks one clause of the contract is caught, by the check for that clause.</summary>
public sealed class BrokenDriverTests(ITestOutputHelper output)
{
    private const string Read =
        "            MemoryOf(batch[i]).CopyTo(BufferOf(batch[i]));\n            batch.Complete(i);";

    private const string Write =
        "            BufferOf(batch[i]).CopyTo(MemoryOf(batch[i]));\n            batch.Complete(i);";

    private const string Free = "        // An array cannot give back parts of itself. A file would punch a hole here.";
    private const string Dispose = "        // The collector takes the array.";
    private const string Field = "    private Pfn _first;";
    private const string Init = "        context.RegisterDriver(driver);";
    private const string Size = "    public ulong SizeBytes => (ulong)_memory.Length;";
    private const string Memory = "        _memory = new byte[sizeBytes];";
    private const string Check = "if (sizeBytes == 0 || sizeBytes % Pfn.SizeBytes != 0 || sizeBytes > _sizeMaxBytes)";

    /// <summary>What is broken, in the source, and which check must find it and say what.</summary>
    public static TheoryData<string, string, string, string, string> Copies() => new()
    {
        { "completes twice", Read, Read + " batch.Complete(i);", "round-trip", "twice" },
        {
            "completes twice, later, on a thread of its own", Write,
            Write + " var j = i; new Thread(() => { Thread.Sleep(20); batch.Complete(j); }) "
                + "{ IsBackground = true }.Start();",
            "in-flight", "twice"
        },
        { "loses a completion", Read, "if (i == 0) { " + Read + " }", "round-trip", "is not complete" },
        { "completes nothing", Write, Write.Replace("batch.Complete(i);", ""), "round-trip", "is not complete" },
        {
            "returns a wrong byte", Read,
            Read.Replace("batch.Complete", "BufferOf(batch[i])[4095] ^= 1; batch.Complete"),
            "round-trip", "from byte 4095 on"
        },
        {
            "returns another frame's bytes", Read,
            Read.Replace("batch.Complete(i)", "if (batch[i].FrameCount > 1) BufferOf(batch[i])[..4096]"
                + ".CopyTo(BufferOf(batch[i])[4096..8192]); batch.Complete(i)"),
            "round-trip", "from byte"
        },
        { "throws in the fault hook", Read, "throw new IOException(\"disk\");", "round-trip", "fault hook threw" },
        { "throws in the evict hook", Write, "throw new IOException(\"disk\");", "round-trip", "evict hook" },
        { "throws in the free hook", Free, "throw new IOException(\"disk\");", "round-trip", "free hook" },
        {
            "throws on frames that were never written", Read,
            "if (MemoryOf(batch[i])[..4096].IndexOfAnyExcept((byte)0) < 0 && batch[i].FrameCount == 16) "
                + "throw new InvalidDataException(\"empty\"); " + Read,
            "never-written", "fault hook threw"
        },
        {
            "writes beyond the buffer", Read,
            Read + " ((byte*)0 + batch[i].Buffer)[batch[i].LengthBytes] = 1;", "round-trip", "outside"
        },
        {
            "goes on writing after completing", Read,
            Read.Replace("batch.Complete(i);", "var buffer = batch[i].Buffer; new Thread(() => { Thread.Sleep(20); "
                + "*(byte*)buffer = 1; }) { IsBackground = true }.Start(); batch.Complete(i);"),
            "buffers", "after its segment was completed"
        },
        {
            "reads the buffer after completing", Write,
            "var segment = batch[i]; batch.Complete(i); BufferOf(segment).CopyTo(MemoryOf(segment));",
            "round-trip", "other bytes"
        },
    };

    /// <summary>The same, for everything but the bytes.</summary>
    public static TheoryData<string, string, string, string, string> Lives() => new()
    {
        { "waits in the hook", Write, "Thread.Sleep(6000); " + Write, "round-trip", "evict hook took" },
        { "never comes back", Free, "Thread.Sleep(-1);", "round-trip", "did not return within" },
        { "frees the neighbour", Free, "if (first > _first) _memory.AsSpan("
            + "(int)((first - _first - 1) * Pfn.SizeBytes), Pfn.SizeBytes).Clear();", "free-and-reuse", "other bytes" },
        { "takes no page", Write, "for (var f = 0; f < batch[i].FrameCount; f++) batch.Refuse(i, f); "
            + "batch.Complete(i);", "round-trip", "took none" },
        { "reads nothing", Read, "batch.Complete(i, Errno.EIO);", "round-trip", "could not be read" },
        { "shares memory between devices", Memory,
            "_memory = Shared; if ((ulong)Shared.Length != sizeBytes) _memory = Shared = new byte[sizeBytes];",
            "two-devices", "other bytes" },
        { "has room for one device and says so with another errno", Memory,
            Memory + " if (_made++ > 0) throw new HmmException(Errno.ENOSPC, \"There is a device.\");",
            "two-devices", "refuse it with EBUSY" },
        { "never lets go of what one device has", Memory,
            Memory + " if (_made++ > 0) throw new HmmException(Errno.EBUSY, \"There is a device.\");",
            "two-devices", "There is a device" },
        { "harms the first device when it refuses the second", Memory,
            Memory + " if (_made++ > 0) { Array.Clear(Shared); throw new HmmException(Errno.EBUSY, \"Taken.\"); } "
                + "Shared = _memory;",
            "two-devices", "other bytes" },
        { "uses one scratch page for all threads", Read,
            "for (var f = 0; f < batch[i].FrameCount; f++) { "
                + "MemoryOf(batch[i]).Slice(f * 4096, 4096).CopyTo(_scratch); "
                + "Thread.Yield(); _scratch.CopyTo(BufferOf(batch[i])[(f * 4096)..]); } batch.Complete(i);",
            "threads", "other bytes" },
        { "calls hooks under a lock that the completion needs", Read,
            "if (!Monitor.TryEnter(_scratch) || _busy) { while (true) { Thread.Sleep(1000); } } _busy = true; try { "
                + Read + " } finally { _busy = false; Monitor.Exit(_scratch); }",
            "re-entry", "did not return" },
        { "leaks a thread", Memory, Memory + " new Thread(() => Thread.Sleep(-1)) { IsBackground = true }.Start();",
            "leaks", "threads grew" },
        { "leaks a file", Memory, Memory + " Files.Add(File.OpenRead(\"/dev/zero\"));", "leaks", "open files" },
        { "disposes badly", Dispose, "throw new IOException(\"busy\");", "shape", "disposing" },
        { "cannot be disposed before it is attached", Dispose, "if (_first == default) throw new IOException();",
            "shape", "never attached" },
        { "has a size that changes", Size,
            "    public ulong SizeBytes => (ulong)(_memory.Length + (_calls++ * 4096));", "shape", "stay" },
        { "throws anything for a bad size", Check, "if (sizeBytes > _sizeMaxBytes) throw new OverflowException(); "
            + Check, "bad-values", "OverflowException" },
        { "makes a device of half a page", Check, "if (sizeBytes == 0 || sizeBytes > _sizeMaxBytes)", "bad-values",
            "refuse" },
        { "forgets other pages than those that are freed", Free, "if (_freed++ > 3) Array.Clear(_memory);",
            "free-and-reuse", "other bytes" },
        { "offers no driver", Init, "", "load", "offers no driver" },
        { "fails in init", Init, "throw new IOException(\"no device\");", "load", "no device" },
        { "hangs in exit", "        // Nothing to do: the registration", "Thread.Sleep(-1); // the registration",
            "unload", "exit" },
        { "says nothing about a parameter", "\"how much memory the device has\"", "\"\"", "parameters",
            "no description" },
    };

    /// <summary>Hooks for pages that go as they are kept: one word over and over is one word.</summary>
    private const string PeerHooks = """
        public PageEncoding Encoding => PageEncoding.Word;
        public bool Accepts(PageEncoding encoding) => encoding == PageEncoding.Word;
        public void Export(PeerBatch batch)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                MemoryOf(batch[i]).CopyTo(BufferOf(batch[i]));
                for (var f = 0; f < batch[i].FrameCount; f++)
                {
                    var words = new Span<ulong>((void*)(batch[i].Buffer + f * 4096), 512);
                    batch.PageAt(i, f) = batch.Accepts(PageEncoding.Word) && !words.ContainsAnyExcept(words[0])
                        ? new EncodedPage(PageEncoding.Word, 8, Checksum.OfFrame(batch[i].Buffer + f * 4096))
                        : new EncodedPage(PageEncoding.Plain, 4096, 0);
                }

                batch.Complete(i);
            }
        }

        public void Import(PeerBatch batch)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                for (var f = 0; f < batch[i].FrameCount; f++)
                {
                    var words = new Span<ulong>((void*)(batch[i].Buffer + f * 4096), 512);
                    if (batch.PageAt(i, f).Encoding == PageEncoding.Word)
                    {
                        words.Fill(words[0]);
                        if (Checksum.OfFrame(batch[i].Buffer + f * 4096) != batch.PageAt(i, f).Checksum)
                        {
                            batch.Refuse(i, f);
                        }
                    }
                }

                BufferOf(batch[i]).CopyTo(MemoryOf(batch[i]));
                batch.Complete(i);
            }
        }
        """;

    /// <summary>What is broken in <see cref="PeerHooks"/>, and what must be said of it.</summary>
    public static TheoryData<string, string, string, string> Peers() => new()
    {
        { "keeps its contract", "", "", "" },
        { "exports what the other does not take", "batch.Accepts(PageEncoding.Word) && ", "", "does not accept" },
        { "says another checksum", "Checksum.OfFrame(batch[i].Buffer + f * 4096))", "1)", "not the page's" },
        { "says another length", "PageEncoding.Plain, 4096", "PageEncoding.Plain, 100", "plain and has 100 bytes" },
        { "says that there is no byte", "PageEncoding.Word, 8", "PageEncoding.Word, 0", "1 to 4096" },
        { "exports nothing", "MemoryOf(batch[i]).CopyTo(BufferOf(batch[i]));", "", "not the page's" },
        { "imports a word as a page", "if (batch.PageAt(i, f).Encoding == PageEncoding.Word)", "if (batch is null)",
            "other bytes" },
        { "takes what was damaged", "batch.Refuse(i, f);", "", "does not match the checksum" },
        { "throws", "words.Fill(words[0]);", "throw new IOException(\"disk\");", "import hook threw" },
    };

    [Theory]
    [MemberData(nameof(Peers))]
    public void IsCaughtWherePagesGoAsTheyAreKept(string what, string good, string bad, string words)
    {
        var hooks = good.Length == 0 ? PeerHooks : PeerHooks.Replace(good, bad, StringComparison.Ordinal);
        Assert.Equal(good.Length == 0, hooks == PeerHooks);
        using var driver = new BrokenDriver(
            (": IDriverDevice\n", ": IDriverDevice, IPeerMemoryOps\n"), (Field, Field + hooks));
        var report = ConformanceSuite.Run(new ConformanceOptions
        {
            Path = driver.Path,
            Deadline = TimeSpan.FromSeconds(5),
            Only = ["peers"],
        });

        var found = Assert.Single(report.Checks, static result => result.Name == "peers");
        output.WriteLine($"{found.Outcome}: {found.Detail}");
        Assert.Equal(good.Length == 0, report.Passed);
        Assert.True(found.Detail.Contains(words, StringComparison.Ordinal), $"one that {what}: {found.Detail}");
        Assert.False(report.Passed && found.Detail.StartsWith("0 pages", StringComparison.Ordinal), "some are encoded");
    }

    [Theory]
    [MemberData(nameof(Copies))]
    [MemberData(nameof(Lives))]
    public void IsCaught(string what, string good, string bad, string check, string words)
    {
        const string members = Field + " private static byte[] Shared = new byte[0]; private byte[] _scratch = "
            + "new byte[4096]; private static int _made; private int _calls; private int _freed; private bool _busy; "
            + "private static readonly List<object> Files = new();";
        using var broken = new BrokenDriver((Field, members), (good, bad));
        var report = ConformanceSuite.Run(
            new ConformanceOptions
            {
                Path = broken.Path,
                Deadline = TimeSpan.FromSeconds(5),
                CheckDeadline = TimeSpan.FromSeconds(20),
                Only = check == "load" ? [] : [check],
                Operations = 60,
            },
            result => output.WriteLine($"{result.Outcome} {result.Name} {result.ElapsedMs} ms: {result.Detail}"));

        Assert.False(report.Passed, $"a driver that {what} passed");
        var found = Assert.Single(report.Checks, result => result.Name == check);
        Assert.True(found.Outcome == CheckOutcome.Failed, $"a driver that {what} passed '{check}'");
        Assert.Contains(words, found.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatIsNoModuleFailsToLoadAndNothingElseRuns()
    {
        var report = ConformanceSuite.Run(
            new ConformanceOptions { Path = Path.Combine(AppContext.BaseDirectory, "Hmm.Uapi.dll") });

        Assert.Equal(CheckOutcome.Failed, report.Checks[0].Outcome);
        Assert.All(report.Checks.Skip(1), static check => Assert.Equal(CheckOutcome.Skipped, check.Outcome));
    }
}
