// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>
/// The hashes of the modules that were built with the host. The build writes them beside the modules, in the form of
/// <c>sha256sum</c>; a module of another hash was changed, or came later, and taints.
/// </summary>
/// <remarks>
/// It says which modules are the build's own, not that nobody meddled: who can write the folder can write the list.
/// </remarks>
internal static class KnownModules
{
    /// <summary>The list's name in the folder of modules.</summary>
    public const string FileName = "known.sha256";

    private const int HashDigits = 64;

    /// <summary>Reads the hashes, in lower case; none if the folder has no list.</summary>
    /// <exception cref="HmmException">EINVAL: a line is not a hash and a name. EIO: it cannot be read.</exception>
    public static IReadOnlySet<string> Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        var hashes = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            foreach (var line in File.Exists(path) ? File.ReadAllLines(path) : [])
            {
                if (line.Length <= HashDigits || !line[..HashDigits].All(char.IsAsciiHexDigit)
                    || line[HashDigits] != ' ')
                {
                    throw new HmmException(
                        Errno.EINVAL,
                        $"'{path}' must hold lines as 'sha256sum' writes them, and '{line}' is none; build again.");
                }

                hashes.Add(line[..HashDigits].ToLowerInvariant());
            }
        }
        catch (Exception exception) when (
            exception is (IOException or UnauthorizedAccessException) and not HmmException)
        {
            throw new HmmException(Errno.EIO, $"Reading '{path}' failed: {exception.Message}", exception);
        }

        return hashes;
    }
}
