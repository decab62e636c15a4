// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Pmem;

namespace Hmm.Host.Tracing;

/// <summary>
/// Writes the blocks of a trace, each by one write. Once a write has failed nothing follows: what would have been
/// written counts as dropped.
/// </summary>
/// <remarks>Threads: one at a time. Owns the stream.</remarks>
internal sealed class TraceFileWriter : IDisposable
{
    private readonly Stream _stream; // owner thread
    private readonly byte[] _block = new byte[TraceBlock.SizeBytes + TraceBlock.PayloadBytesMax]; // owner thread
    private uint _number; // owner thread

    /// <summary>Writes the header.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It is not open for writing.</exception>
    public TraceFileWriter(Stream stream, TraceHeader header)
    {
        _stream = stream;
        var bytes = new byte[TraceHeader.SizeBytes];
        header.WriteTo(bytes);
        _stream.Write(bytes);
        FileBytes = bytes.Length;
    }

    /// <summary>How many records were written.</summary>
    public ulong Records { get; private set; }

    /// <summary>How many records could not be written.</summary>
    public ulong Dropped { get; private set; }

    /// <summary>How long the file is.</summary>
    public long FileBytes { get; private set; }

    /// <summary>Why nothing is written any more; null: all is well.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Writes records.</summary>
    /// <param name="records">At most <see cref="TraceBlock.RecordsMax"/>.</param>
    /// <param name="dropped">How many were dropped since the last call.</param>
    public void Write(ReadOnlySpan<TraceRecord> records, ulong dropped)
    {
        Dropped += dropped;
        if (records.Length == 0 && dropped == 0)
        {
            return;
        }

        MemoryMarshal.AsBytes(records).CopyTo(_block.AsSpan(TraceBlock.SizeBytes));
        if (TryWriteBlock(TraceBlockKind.Records, records.Length * TraceRecord.SizeBytes, dropped))
        {
            Records += (ulong)records.Length;
        }
        else
        {
            Dropped += (ulong)records.Length;
        }
    }

    /// <summary>Writes a range.</summary>
    public void Write(TraceRange range)
    {
        range.WriteTo(_block.AsSpan(TraceBlock.SizeBytes));
        TryWriteBlock(TraceBlockKind.Range, TraceRange.SizeBytes, dropped: 0);
    }

    /// <summary>Writes the totals.</summary>
    public void WriteEnd(ulong accesses, ulong durationNs)
    {
        new TraceEnd(Records, Dropped, accesses, durationNs).WriteTo(_block.AsSpan(TraceBlock.SizeBytes));
        TryWriteBlock(TraceBlockKind.End, TraceEnd.SizeBytes, dropped: 0);
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    /// <summary>What a write fails with: the second is for a descriptor that is not open for writing.</summary>
    internal static bool IsFailure(Exception exception) => exception is IOException or UnauthorizedAccessException;

    private bool TryWriteBlock(TraceBlockKind kind, int payloadBytes, ulong dropped)
    {
        if (Failure is not null)
        {
            return false;
        }

        var payload = _block.AsSpan(TraceBlock.SizeBytes, payloadBytes);
        new TraceBlock(kind, payloadBytes, _number++, dropped, Crc32C.Of(payload)).WriteTo(_block);
        try
        {
            _stream.Write(_block.AsSpan(0, TraceBlock.SizeBytes + payloadBytes));
            FileBytes += TraceBlock.SizeBytes + payloadBytes;
            return true;
        }
        catch (Exception exception) when (IsFailure(exception))
        {
            Failure = exception;
            return false;
        }
    }
}
