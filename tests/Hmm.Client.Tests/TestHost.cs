// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;
using Microsoft.Win32.SafeHandles;

namespace Hmm.Client.Tests;

/// <summary>
/// The host's end of the wire, in this process: it answers by the book, or as a test tells it. It
/// serves no faults (a handler in the faulting process deadlocks with the garbage collector) but
/// installs every page of a range when it is made, so tests use small ranges.
/// </summary>
internal sealed class TestHost : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"hmm-{Guid.NewGuid():N}.sock");
    private readonly UnixSocket _listener;
    private readonly Thread _thread;
    private readonly ConcurrentQueue<(MessageHeader Header, byte[] Bytes)> _requests = new();
    private readonly ConcurrentDictionary<Operation, Func<byte[], byte[]?>> _answers = new();
    private UnixSocket? _connection;
    private UserfaultFd? _faults;
    private MemoryFile? _memory;
    private ulong _lastRange;

    public TestHost()
    {
        _listener = UnixSocket.Listen(_path, 4);
        _thread = new Thread(Serve) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>How many replies the client is told that it may wait for.</summary>
    public uint RequestsInFlightMax { get; set; } = Limits.RequestsInFlightMax;

    /// <summary>Takes a hint ring's memory; without it the host has no such operation.</summary>
    public Action<int>? RingTaken { get; set; }

    public string SocketPath => _path;

    public HmmHost Connect() => HmmHost.Connect(_path, "test");

    /// <summary>The requests of an operation so far.</summary>
    public byte[][] Requests(Operation operation) =>
        [.. _requests.Where(request => request.Header.Operation == operation).Select(request => request.Bytes)];

    public T Last<T>(Operation operation)
        where T : unmanaged => MemoryMarshal.Read<T>(Requests(operation)[^1]);

    /// <summary>Answers an operation so from now on; null is no answer.</summary>
    public void Answer(Operation operation, Func<byte[], byte[]?> answer) => _answers[operation] = answer;

    public void Fail(Operation operation, Errno errno, string sentence) =>
        Answer(operation, request => Error(request, errno, sentence));

    public void Send(byte[] reply) => Assert.Equal(Errno.None, _connection!.Send(reply, []));

    /// <summary>Takes pages of the last range away, as eviction does.</summary>
    public Errno Punch(long offset, long bytes) => _memory!.PunchHole((ulong)offset, (ulong)bytes);

    /// <summary>Ends the connection as a host that dies does.</summary>
    public void Die() => _connection!.Shutdown();

    /// <summary>A reply without a body, or with one.</summary>
    public static byte[] Done(byte[] request, ReadOnlySpan<byte> body = default)
    {
        var reply = new byte[ReplyHeader.StructBytes + body.Length];
        body.CopyTo(reply.AsSpan(ReplyHeader.StructBytes));
        WriteHeader(reply, request, Errno.None, 0);
        return reply;
    }

    public static byte[] Done<T>(byte[] request, T reply)
        where T : unmanaged =>
        Done(request, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in reply))[ReplyHeader.StructBytes..]);

    public static byte[] Error(byte[] request, Errno errno, string sentence)
    {
        var text = Encoding.UTF8.GetBytes(sentence);
        var reply = Done(request, text);
        WriteHeader(reply, request, errno, text.Length);
        return reply;
    }

    public void Dispose()
    {
        _listener.Shutdown();
        _connection?.Shutdown();
        _thread.Join();
        _connection?.Dispose();
        _memory?.Dispose();
        _faults?.Dispose();
        _listener.Dispose();
    }

    private static void WriteHeader(byte[] reply, byte[] request, Errno errno, int textBytes)
    {
        var header = MemoryMarshal.Read<MessageHeader>(request) with { SizeBytes = (uint)reply.Length, Version = 1 };
        Wire.Write(reply, new ReplyHeader { Header = header, Errno = errno, TextBytes = (uint)textBytes });
    }

    private void Serve()
    {
        try
        {
            _connection = _listener.Accept();
        }
        catch (HmmException)
        {
            return; // The test ended without a client.
        }

        var buffer = new byte[Limits.RequestBytesMax];
        var descriptors = new int[8];
        while (true)
        {
            var length = _connection.Receive(buffer, descriptors, out var count, out _);
            if (length == 0)
            {
                return;
            }

            var request = buffer[..length];
            var header = MemoryMarshal.Read<MessageHeader>(request);
            _requests.Enqueue((header, request));
            var reply = _answers.TryGetValue(header.Operation, out var answer)
                ? Told(answer, request, descriptors.AsSpan(0, count))
                : Reply(header.Operation, request, descriptors.AsSpan(0, count));
            if (reply is not null)
            {
                _ = _connection.Send(reply, []);
            }
        }
    }

    private static byte[]? Told(Func<byte[], byte[]?> answer, byte[] request, Span<int> descriptors)
    {
        foreach (var descriptor in descriptors)
        {
            new SafeFileHandle(descriptor, ownsHandle: true).Dispose();
        }

        return answer(request);
    }

    private byte[]? Reply(Operation operation, byte[] request, Span<int> descriptors)
    {
        switch (operation)
        {
            case Operation.Hello:
                return Done(request, Hello());
            case Operation.AdoptUserfaultfd:
                _faults = UserfaultFd.Adopt(descriptors[0]);
                return Done(request);
            case Operation.CreateRange:
                Install(MemoryMarshal.Read<CreateRangeRequest>(request), descriptors);
                return Done(request, new CreateRangeReply { RangeId = ++_lastRange });
            case Operation.Hint:
                return null;
            case Operation.AttachHintRing when RingTaken is { } take:
                take(descriptors[0]);
                return Done(request);
            case Operation.WakeHintRing:
                return null;
            case Operation.AttachHintRing:
                // As a host of before the ring: hints come as messages, which tests can see.
                new SafeFileHandle(descriptors[0], ownsHandle: true).Dispose();
                return Error(request, Errno.ENOSYS, "There is no such operation; use a newer host.");
            case Operation.Statistics:
                return Done(request, new StatisticsReply { Statistics = new Statistics { Faults = 5 } });
            case Operation.Residency:
                var span = MemoryMarshal.Read<PageSpanRequest>(request);
                var map = new byte[8 + (span.Argument * ResidencyCell.StructBytes)];
                BitConverter.TryWriteBytes(map, span.Argument);
                map.AsSpan(8).Fill(1);
                return Done(request, map);
            default:
                return Done(request);
        }
    }

    private HelloReply Hello() => new()
    {
        Version = 1,
        ProcessId = 1234,
        Features = Features.FileRanges,
        BudgetBytes = 64 << 20,
        RequestsInFlightMax = RequestsInFlightMax,
        HostVersion = FixedName.Create("9.9"),
    };

    /// <summary>Puts every page in place: zeros, or the file.</summary>
    private unsafe void Install(in CreateRangeRequest request, Span<int> descriptors)
    {
        var length = (nuint)Math.Min(request.LengthBytes, 64UL << 20);
        var pages = (byte*)NativeMemory.AlignedAlloc(length, 4096);
        NativeMemory.Clear(pages, length);
        if (request.Kind != RangeKind.Anonymous)
        {
            using var file = new SafeFileHandle(descriptors[1], ownsHandle: true);
            RandomAccess.Read(file, new Span<byte>(pages, (int)request.FileBytes), 0);
        }

        _memory?.Dispose();
        _memory = MemoryFile.Adopt(descriptors[0]);

        // Larger ranges are not touched by their tests.
        if (length == request.LengthBytes)
        {
            var error = _faults!.Copy((nint)request.BaseAddress, (nint)pages, length, writeProtected: false, out _);
            Assert.Equal(Errno.None, error);
        }

        NativeMemory.AlignedFree(pages);
    }
}
