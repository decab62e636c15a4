// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>
/// What people and messages write to have something made: <c>WHAT[,PARAMETER=VALUE]...</c>.
/// </summary>
internal static class SpecificationText
{
    /// <summary>Takes one apart.</summary>
    /// <param name="kind">What is made, for messages: "Device".</param>
    /// <param name="text">The text.</param>
    /// <param name="example">One that is right.</param>
    /// <exception cref="HmmException">EINVAL: a part is not PARAMETER=VALUE, or a parameter is given twice.</exception>
    public static (string What, Dictionary<string, string> Parameters) Parse(string kind, string text, string example)
    {
        var parts = text.Split(',');
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in parts.AsSpan(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !parameters.TryAdd(part[..equals], part[(equals + 1)..]))
            {
                throw new HmmException(
                    Errno.EINVAL,
                    $"{kind} '{text}': '{part}' must be PARAMETER=VALUE, each parameter once, as in {example}.");
            }
        }

        return (parts[0], parameters);
    }
}
