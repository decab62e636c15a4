// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance;

/// <summary>The driver broke its contract: one sentence that says how.</summary>
internal sealed class ConformanceException(string message, Exception? innerException = null)
    : Exception(message, innerException);
