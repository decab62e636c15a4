// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core;

/// <summary>
/// What every error report of the process says besides the error: whether the host is tainted, as Linux's reports do.
/// Whoever reads a report sees at once whether code that its developers do not vouch for was there.
/// </summary>
/// <remarks>Threads: any. The host sets it once; with several in a process (tests) the last one counts.</remarks>
internal static class ErrorReport
{
    private static volatile Func<string>? s_taint; // Guarded by: atomic

    /// <summary>Where the taint line comes from: "Not tainted" or "Tainted: PO". Null: there is no host yet.</summary>
    public static Func<string>? Taint
    {
        get => s_taint;
        set => s_taint = value;
    }

    /// <summary>The report for an error that ends the process: it always says, tainted or not.</summary>
    public static string OfCorruption(string message) =>
        $"Hmm.NET: corruption: {message} [{Taint?.Invoke() ?? "no host"}]";

    /// <summary>A line for people; a host that is not tainted adds nothing.</summary>
    public static string OfLine(string line) =>
        Taint?.Invoke() is { } taint && taint.StartsWith("Tainted", StringComparison.Ordinal)
            ? $"{line} [{taint}]"
            : line;
}
