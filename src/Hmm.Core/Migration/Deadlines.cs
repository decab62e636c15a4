// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Migration;

/// <summary>
/// The clock of copies, in eighths of the deadline that a device has for one. Whoever waits for a copy that misses it
/// gets an error, since an application that waits for ever cannot even collect its garbage; the device gets nothing to
/// write until it has completed what it owes; and what it owes keeps its frames and its buffer until then, so that a
/// late copy harms nobody. What may have changed unseen, a full disk or a device that failed, is looked at again at
/// each tick.
/// </summary>
/// <remarks>Threads: <see cref="Tick"/> from one thread at a time, the host's; all else from any.</remarks>
internal sealed class Deadlines
{
    /// <summary>
    /// Ticks of one deadline: a copy that misses it is found at most an eighth later, and a clock that strikes every
    /// second or so costs nothing.
    /// </summary>
    public const int TicksPerDeadline = 8;

    private readonly MemoryManager _manager; // immutable
    private long _now; // Guarded by: atomic

    internal Deadlines(MemoryManager manager)
    {
        _manager = manager;
    }

    /// <summary>The tick that copies handed over now are marked with.</summary>
    public long Now => Volatile.Read(ref _now);

    /// <summary>
    /// An eighth of the deadline has passed: ends what is due, and lets threads try again whose range waits for its
    /// devices, and pages that found a device full.
    /// </summary>
    /// <returns>How many copies missed their deadline now.</returns>
    public int Tick()
    {
        // What was handed over in the tick before last may be younger than eight by almost one.
        var due = Interlocked.Increment(ref _now) - TicksPerDeadline - 1;
        var expired = _manager.Filler.Expire(due) + _manager.Evictor.Expire(due) + _manager.Migrator.Expire(due);
        _manager.Placement.TryFullDevices();
        _manager.Filler.WakeSleepers();
        return expired;
    }
}
