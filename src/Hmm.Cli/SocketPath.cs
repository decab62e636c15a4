// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;

namespace Hmm.Cli;

/// <summary>Where the shared host listens unless a command says otherwise.</summary>
internal static class SocketPath
{
    /// <summary>In words, for help texts.</summary>
    internal const string DefaultInWords = "$HMM_SOCKET, else $XDG_RUNTIME_DIR/hmm.sock, else /tmp/hmm-UID/host.sock";

    /// <summary>
    /// The path that <see cref="DefaultInWords"/> describes, for this user and environment.
    /// </summary>
    internal static string Default() => Default(Environment.GetEnvironmentVariable, SystemInfo.UserId);

    /// <summary>The same from a given environment.</summary>
    internal static string Default(Func<string, string?> variable, uint userId)
    {
        if (variable("HMM_SOCKET") is { Length: > 0 } named)
        {
            return named;
        }

        return variable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime
            ? Path.Combine(runtime, "hmm.sock")
            : $"/tmp/hmm-{userId}/host.sock";
    }
}
