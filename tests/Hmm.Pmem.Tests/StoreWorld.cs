// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Pmem.Tests;

// A store with some ranges, a random workload on it, and the dumb model of what every checkpoint holds.
internal sealed class StoreWorld
{
    internal const int Frames = 512;

    private static readonly (string Name, long Pages)[] Ranges = [("a", 40), ("b", 300), ("c", 70_000)];

    private readonly Random _random;
    private readonly FileSpace _space;
    private readonly Dictionary<string, Dictionary<long, ulong>> _now = []; // what the next checkpoint will hold

    internal StoreWorld(Random random, PmemMutant mutant = PmemMutant.None, int kept = 2)
    {
        _random = random;
        File = new MemoryPmemFile(Frames * (ulong)PmemFormat.FrameBytes);
        Store = PmemStore.Format(File, kept, timeNs: 1, mutant);
        _space = new FileSpace(Store);
    }

    internal MemoryPmemFile File { get; }

    internal PmemStore Store { get; }

    // The pages of every checkpoint there ever was, by sequence.
    internal Dictionary<ulong, Dictionary<long, ulong>> Model { get; } = [];

    // A commit returned: (length of the log then, sequence of the root then).
    internal List<(int LogLength, ulong Root)> Returned { get; } = [(3, 3)];

    // How many frames are taken, slots included.
    internal long Taken
    {
        get
        {
            var free = new List<ulong>();
            while (_space.TryTake(out var frame))
            {
                free.Add(frame);
            }

            free.ForEach(_space.GiveBack);
            return Frames - free.Count;
        }
    }

    // Writes some pages of a range and commits them.
    internal void Step()
    {
        var (name, pages) = Ranges[_random.Next(Ranges.Length)];
        if (_random.Next(20) == 0 && Store.Find(FixedName.Create(name)) is not null)
        {
            Store.Remove(FixedName.Create(name), 1, _space);
            _now.Remove(name);
        }
        else
        {
            Commit(name, pages);
        }

        Returned.Add((File.Log.Count, Store.Current.Sequence));
    }

    private void Commit(string name, long pages)
    {
        var contents = new Dictionary<long, ulong>(_now.GetValueOrDefault(name) ?? []);
        var changes = new SortedDictionary<long, FramePointer>();
        for (var i = _random.Next(1, 9); i > 0; i--)
        {
            var page = _random.Next(4) == 0 ? _random.NextInt64(pages) : _random.NextInt64(Math.Min(pages, 20));
            var value = (ulong)_random.NextInt64();
            if (changes.ContainsKey(page) || !_space.TryTake(out var frame))
            {
                continue;
            }

            var bytes = PageOf(value);
            Assert.Equal(Errno.None, File.Write(PmemFormat.OffsetOf(frame), bytes));
            changes[page] = new FramePointer(frame, Crc32C.Of(bytes));
            contents[page] = value;
        }

        var draft = new CheckpointDraft(FixedName.Create(name), pages, (ulong)pages << 12, 8, 0, 1);
        var record = Store.Commit(
            draft, [.. changes.Select(static change => new TableChange(change.Key, change.Value))], _space);
        _now[name] = contents;
        Model[record.Sequence] = contents;
    }

    internal static byte[] PageOf(ulong value)
    {
        var bytes = new byte[PmemFormat.FrameBytes];
        for (var i = 0; i < bytes.Length; i += 8)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(i), value + (ulong)i);
        }

        return bytes;
    }

    private static bool IsPageOf(ReadOnlySpan<byte> bytes, ulong value)
    {
        var words = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(bytes);
        for (var i = 0; i < words.Length; i++)
        {
            if (words[i] != value + ((ulong)i * 8))
            {
                return false;
            }
        }

        return true;
    }

    // Says what is wrong: null when every checkpoint that a file lists holds what it held when it was made.
    internal string? Compare(IPmemFile file, PmemStore store)
    {
        foreach (var record in store.Checkpoints)
        {
            if (!Model.TryGetValue(record.Sequence, out var expected))
            {
                return $"checkpoint {record.Sequence} was never made";
            }

            var table = store.TableOf(record);
            var bytes = new byte[PmemFormat.FrameBytes];
            foreach (var (page, value) in expected)
            {
                var error = table.Find(page, out var pointer);
                if (error != Errno.None || pointer.IsNone
                    || file.Read(PmemFormat.OffsetOf(pointer.Frame), bytes) != Errno.None
                    || Crc32C.Of(bytes) != pointer.Checksum || !IsPageOf(bytes, value))
                {
                    return $"page {page} of checkpoint {record.Sequence} is not what it was ({error})";
                }
            }

            for (var page = 0L; page < Math.Min(record.PageCount, 64); page++)
            {
                if (!expected.ContainsKey(page)
                    && (table.Find(page, out var pointer) != Errno.None || !pointer.IsNone))
                {
                    return $"page {page} of checkpoint {record.Sequence} was never written";
                }
            }
        }

        return null;
    }
}
