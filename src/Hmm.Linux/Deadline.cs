// SPDX-License-Identifier: MIT
namespace Hmm.Linux;

// The time that is left of a wait which a signal may interrupt. -1 waits for ever, as poll(2) has
// it.
internal readonly struct Deadline(int timeoutMs)
{
    private readonly long _endMs = timeoutMs > 0 ? Environment.TickCount64 + timeoutMs : timeoutMs;

    internal int LeftMs => _endMs <= 0 ? (int)_endMs : (int)Math.Max(0, _endMs - Environment.TickCount64);
}
