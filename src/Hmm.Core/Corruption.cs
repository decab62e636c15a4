// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Hmm.Core.Modules;

namespace Hmm.Core;

/// <summary>
/// The third kind of error: an invariant does not hold, so going on could return wrong bytes. The process ends with the
/// invariant's text. Operating errors and misuse never come here.
/// </summary>
[ExportSymbol]
public static class Corruption
{
    /// <summary>
    /// What a failed check does. Tests replace it with a throw, and the conformance suite with a note;
    /// nothing else may.
    /// </summary>
    internal static Action<string> Handler { get; set; } = static message =>
        Environment.FailFast(ErrorReport.OfCorruption(message));

    /// <summary>Ends the process unless <paramref name="holds"/>. Stays on in Release: it must be cheap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Require([DoesNotReturnIf(false)] bool holds, string invariant)
    {
        if (!holds)
        {
            Fail(invariant);
        }
    }

    /// <summary>Ends the process.</summary>
    /// <param name="message">What was found, with the values, and what must hold.</param>
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Fail(string message)
    {
        Handler(message);
        throw new InvalidOperationException(message);
    }
}
