// SPDX-License-Identifier: MIT
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>What trying one way to a userfaultfd found.</summary>
/// <param name="Mode">The way.</param>
/// <param name="Available">Whether it works for this process.</param>
/// <param name="Error">Why it does not; <see cref="Errno.None"/> when it does.</param>
/// <param name="Explanation">
/// One sentence: what it gives, or why it does not work and what to do.
/// </param>
public readonly record struct UserfaultFdProbe(UserfaultFdMode Mode, bool Available, Errno Error, string Explanation);
