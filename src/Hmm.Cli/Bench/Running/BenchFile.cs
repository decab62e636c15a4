// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using System.Text.Json;
using Hmm.Cli.Bench.Patterns;
using Hmm.Linux;
using Microsoft.Win32.SafeHandles;

namespace Hmm.Cli.Bench.Running;

/// <summary>
/// The file that patterns are run on. What it should hold stands beside it, in PATH.state, so that one file serves many
/// runs: how many writes its pages have seen, and whether the last writer came to an end.
/// </summary>
internal sealed class BenchFile
{
    private const int PieceBytes = 1 << 20;
    private readonly string _path; // immutable

    private BenchFile(string path) => _path = path;

    private string StatePath => _path + ".state";

    /// <summary>Makes the file, unless it is there as it must be.</summary>
    internal static BenchFile Prepare(string path, long bytes, PageContent content)
    {
        var file = new BenchFile(path);
        var wanted = new State(bytes, content.ToString(), Writes: 0, Settled: true);
        if (file.TryReadState(out var state)
            && state.Settled
            && state with { Writes = 0 } == wanted
            && new FileInfo(path) is { Exists: true } info
            && info.Length == bytes)
        {
            return file;
        }

        file.Create(bytes, content);
        file.WriteState(wanted);
        return file;
    }

    /// <summary>Says that a run is about to write: until it is checked, nobody trusts the contents.</summary>
    internal void BeginWriting()
    {
        TryReadState(out var state);
        WriteState(state with { Settled = false });
    }

    /// <summary>
    /// Reads all of it from the disk: every page has its tag, and all have seen as many writes as were made.
    /// </summary>
    /// <returns>How many pages are wrong, and one more when the writes do not add up.</returns>
    internal long Check(long writes)
    {
        TryReadState(out var state);
        var expected = state.Writes + writes;
        var bad = 0L;
        var sum = 0UL;
        using var handle = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var piece = new ulong[PieceBytes / sizeof(ulong)];
        for (var offset = 0L; offset < state.Bytes; offset += PieceBytes)
        {
            var length = Read(handle, piece, offset);
            for (var at = 0; at < length; at += PageWriter.PageWords)
            {
                var page = (offset / PageWriter.PageBytes) + (at / PageWriter.PageWords);
                bad += piece[at] == PageWriter.TagOf(page) ? 0 : 1;
                sum += piece[at + 1];
            }
        }

        bad += sum == (ulong)expected ? 0 : 1;
        WriteState(state with { Writes = expected, Settled = bad == 0 });
        return bad;
    }

    /// <summary>Has none of it in the page cache.</summary>
    internal void DropCache()
    {
        using var handle = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        KernelMapping.DropCache(handle);
    }

    /// <summary>The share of it that is in the page cache.</summary>
    internal double CachedShare()
    {
        using var handle = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var length = (ulong)RandomAccess.GetLength(handle);
        using var mapping = KernelMapping.OfFile(handle, length, writable: false);
        return mapping.CountResidentBytes() / (double)length;
    }

    internal static void Delete(string path)
    {
        File.Delete(path);
        File.Delete(new BenchFile(path).StatePath);
    }

    private void Create(long bytes, PageContent content)
    {
        File.Delete(StatePath);
        using var handle = File.OpenHandle(_path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        var piece = new ulong[PieceBytes / sizeof(ulong)];
        var pages = bytes / PageWriter.PageBytes;
        for (var offset = 0L; offset < bytes; offset += PieceBytes)
        {
            var length = (int)Math.Min(PieceBytes, bytes - offset);
            for (var at = 0; at < length; at += PageWriter.PageBytes)
            {
                var words = piece.AsSpan(at / sizeof(ulong), PageWriter.PageWords);
                PageWriter.Fill(content, (offset + at) / PageWriter.PageBytes, pages, words);
            }

            RandomAccess.Write(handle, BytesOf(piece)[..length], offset);
        }

        KernelMapping.DropCache(handle);
    }

    private static int Read(SafeFileHandle handle, ulong[] piece, long offset)
    {
        var bytes = BytesOf(piece);
        var done = 0;
        while (done < bytes.Length)
        {
            var read = RandomAccess.Read(handle, bytes[done..], offset + done);
            if (read == 0)
            {
                break;
            }

            done += read;
        }

        return done / sizeof(ulong);
    }

    private static Span<byte> BytesOf(ulong[] words) => MemoryMarshal.AsBytes(words.AsSpan());

    private bool TryReadState(out State state)
    {
        try
        {
            state = JsonSerializer.Deserialize<State>(File.ReadAllText(StatePath));
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            state = default;
            return false;
        }
    }

    private void WriteState(State state) => File.WriteAllText(StatePath, JsonSerializer.Serialize(state));

    /// <summary>What stands beside the file.</summary>
    private readonly record struct State(long Bytes, string Content, long Writes, bool Settled);
}
