// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;

namespace Hmm.Host;

/// <summary>The host's lines on standard error; each says so if the host is tainted.</summary>
internal static class HostLog
{
    /// <summary>Writes one line.</summary>
    public static void Write(string line) => Console.Error.WriteLine(ErrorReport.OfLine("hmm-host: " + line));
}
