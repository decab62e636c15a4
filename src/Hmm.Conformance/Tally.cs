// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance;

/// <summary>What happened to pages, for people.</summary>
/// <remarks>Threads: any.</remarks>
internal sealed class Tally
{
    private long _written; // Guarded by: atomic
    private long _read; // Guarded by: atomic
    private long _refused; // Guarded by: atomic
    private long _writeErrors; // Guarded by: atomic
    private long _readErrors; // Guarded by: atomic

    public long Written => Volatile.Read(ref _written);

    public long Refused => Volatile.Read(ref _refused);

    public void Write() => Interlocked.Increment(ref _written);

    public void Read() => Interlocked.Increment(ref _read);

    public void Refuse() => Interlocked.Increment(ref _refused);

    public void WriteError() => Interlocked.Increment(ref _writeErrors);

    public void ReadError() => Interlocked.Increment(ref _readErrors);

    public override string ToString()
    {
        var text = $"{_written} pages written, {_read} read back";
        text += _refused > 0 ? $", {_refused} turned down" : "";
        text += _writeErrors > 0 ? $", {_writeErrors} not written" : "";
        return text + (_readErrors > 0 ? $", {_readErrors} read errors" : "");
    }
}
