// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Linux;
using Hmm.Modules.Block;
using Hmm.Uapi;

namespace Hmm.Block.Tests;

/// <summary>
/// A file in memory that fails as it is told to, and completes on other threads, out of order. What was discarded reads
/// as noise, so whoever still needs it is found out.
/// </summary>
internal sealed unsafe class FaultyFile : IBlockFile
{
    private readonly byte* _bytes;
    private readonly Lock _gate = new();
    private readonly List<FileIoRequest> _held = []; // Guarded by: _gate
    private readonly Random _random; // Guarded by: _gate
    private int _pending; // Guarded by: atomic
    private int _disposed; // Guarded by: atomic

    public FaultyFile(ulong lengthBytes, int seed)
    {
        LengthBytes = lengthBytes;
        _bytes = (byte*)NativeMemory.AllocZeroed((nuint)lengthBytes);
        _random = new Random(seed);
    }

    public ulong LengthBytes { get; }

    public string Description => "in memory";

    /// <summary>What happens to a transfer, and how many bytes are done before; null: all are.</summary>
    public Func<FileIoRequest, Random, (Errno Error, int Bytes)>? Faults { get; set; }

    /// <summary>Whether transfers wait for <see cref="LetGo"/>.</summary>
    public bool Stalls { get; set; }

    public Errno DiscardError { get; set; }

    public int Discards { get; private set; }

    public Span<byte> Page(long place) => new(_bytes + (place << 12), 4096);

    public string Location => string.Empty;

    public void Submit(in FileIoRequest request)
    {
        lock (_gate)
        {
            if (Stalls)
            {
                _held.Add(request);
                return;
            }
        }

        Queue(request);
    }

    /// <summary>Ends a stall: what was held is done now.</summary>
    public void LetGo()
    {
        List<FileIoRequest> held;
        lock (_gate)
        {
            Stalls = false;
            held = [.. _held];
            _held.Clear();
        }

        held.ForEach(Queue);
    }

    public Errno Discard(ulong offset, ulong lengthBytes)
    {
        Discards++;
        if (DiscardError == Errno.None)
        {
            new Span<byte>(_bytes + offset, (int)lengthBytes).Fill(0xD5);
        }

        return DiscardError;
    }

    public Errno RegisterBuffers(IReadOnlyList<FileIoBuffers> buffers) => Errno.EOPNOTSUPP;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            SpinWait.SpinUntil(() => Volatile.Read(ref _pending) == 0);
            NativeMemory.Free(_bytes);
        }
    }

    private void Queue(FileIoRequest request)
    {
        Interlocked.Increment(ref _pending);
        ThreadPool.UnsafeQueueUserWorkItem(
            static work => work.File.Do(work.Request), (File: this, Request: request), preferLocal: false);
    }

    private void Do(FileIoRequest request)
    {
        var outcome = (Error: Errno.None, Bytes: request.LengthBytes);
        lock (_gate)
        {
            outcome = Faults?.Invoke(request, _random) ?? outcome;
        }

        var file = new Span<byte>(_bytes + request.Offset, outcome.Bytes);
        var memory = new Span<byte>((void*)request.Buffer, outcome.Bytes);
        (request.Write ? memory : file).CopyTo(request.Write ? file : memory);
        request.Target.Completed(request.Tag, outcome.Error, outcome.Bytes);
        Interlocked.Decrement(ref _pending);
    }
}
