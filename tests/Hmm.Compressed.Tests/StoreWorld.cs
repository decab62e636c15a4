// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Modules.Compressed;

namespace Hmm.Compressed.Tests;

/// <summary>A store, the words of its frames, and a dumb model of what each frame holds.</summary>
internal sealed unsafe class StoreWorld : IFrameWords, IDisposable
{
    private readonly ulong[] _words;
    private readonly (int Seed, int Length)?[] _model;
    private readonly byte[] _scratch = new byte[ObjectStore.ObjectBytesMax];

    public StoreWorld(int frames, ulong memoryBytes)
    {
        _words = new ulong[frames];
        _model = new (int, int)?[frames];
        Store = ObjectStore.Create(memoryBytes, this);
    }

    /// <summary>The store under test.</summary>
    public ObjectStore Store { get; private set; }

    /// <summary>How many frames there are.</summary>
    public int Frames => _words.Length;

    /// <summary>How many hold an object.</summary>
    public int Held => _model.Count(static held => held is not null);

    /// <summary>The bytes of all objects and their headers.</summary>
    public long HeldBytes => _model.Sum(static held => held is { } o ? o.Length + ObjectHeader.SizeBytes : 0L);

    public ref ulong WordOf(uint frame) => ref _words[frame];

    /// <summary>Stores an object of a length for a frame, in place of what it holds; false: no room.</summary>
    public bool TryPut(int frame, int seed, int length)
    {
        new Random(seed).NextBytes(_scratch.AsSpan(0, length));
        fixed (byte* bytes = _scratch)
        {
            if (!Store.TryStore((uint)frame, (uint)seed, (nint)bytes, length, out var word))
            {
                return false;
            }

            Replace(frame, word);
        }

        _model[frame] = (seed, length);
        return true;
    }

    /// <summary>Frees what a frame holds.</summary>
    public void Drop(int frame)
    {
        Replace(frame, default);
        _model[frame] = null;
    }

    /// <summary>Compares a frame's object with the model, byte for byte.</summary>
    public void Check(int frame)
    {
        var word = new FrameWord(_words[frame]);
        if (_model[frame] is not { } expected)
        {
            Assert.True(word.IsEmpty, $"frame {frame} holds {word} and should hold nothing");
            return;
        }

        Assert.True(word.IsObject && word.Length == expected.Length, $"frame {frame} holds {word}");
        var header = Store.HeaderOf(word);
        Assert.True(header->TryGetFrame(out var owner) && owner == (uint)frame, $"frame {frame}: header of {owner}");
        Assert.Equal((uint)expected.Seed, header->Checksum);
        new Random(expected.Seed).NextBytes(_scratch.AsSpan(0, expected.Length));
        Assert.True(
            new ReadOnlySpan<byte>(header + 1, expected.Length).SequenceEqual(_scratch.AsSpan(0, expected.Length)),
            $"frame {frame} has other bytes than were stored");
    }

    /// <summary>Checks every frame.</summary>
    public void CheckAll()
    {
        for (var frame = 0; frame < Frames; frame++)
        {
            Check(frame);
        }
    }

    /// <summary>Makes a new store of the memory of this one, as a host does that takes over.</summary>
    public void TakeOver()
    {
        var path = $"/proc/self/fd/{Store.File.DangerousGetHandle()}";
        using var again = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var memory = MemoryFile.Adopt((int)again.DangerousGetHandle());
        again.SetHandleAsInvalid();
        Store.Dispose();
        Store = ObjectStore.Adopt(
            memory, this, _words.Select(static raw => new FrameWord(raw)).Where(static word => word.IsObject));
    }

    public void Dispose() => Store.Dispose();

    private void Replace(int frame, FrameWord word)
    {
        var old = new FrameWord(Interlocked.Exchange(ref _words[frame], word.Raw));
        if (old.IsObject)
        {
            Store.Release(old);
        }
    }
}
