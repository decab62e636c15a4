// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Core.Modules.Loading;

/// <summary>The real file system, through .NET's file classes.</summary>
internal sealed class SystemModuleFiles : IModuleFiles
{
    /// <summary>How many links may be followed: Linux's own limit (MAXSYMLINKS).</summary>
    private const int LinksMax = 40;

    public string Canonicalize(string path)
    {
        var full = Path.GetFullPath(path);
        for (var links = 0; links <= LinksMax; links++)
        {
            if (!TryFollowFirstLink(full, out var followed))
            {
                return full;
            }

            full = followed;
        }

        throw new HmmException(
            Errno.EINVAL, $"The path '{path}' has more than {LinksMax} symbolic links; they lead in a circle.");
    }

    public bool Exists(string path) => File.Exists(path);

    public UnixFileMode ModeOf(string path) => OperatingSystem.IsWindows()
        ? throw new PlatformNotSupportedException("Modules are loaded on Linux only.")
        : File.GetUnixFileMode(path);

    public byte[] Read(string path, int lengthMaxBytes)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (file.Length > lengthMaxBytes)
            {
                throw new HmmException(
                    Errno.EFBIG, $"'{path}' has {file.Length} bytes, and a module may have {lengthMaxBytes}.");
            }

            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new HmmException(Errno.ENOENT, $"The module file '{path}' does not exist.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new HmmException(
                Errno.EACCES, $"The module file '{path}' cannot be read; give this user the right to.", e);
        }
        catch (IOException e) when (e is not HmmException)
        {
            throw new HmmException(Errno.EIO, $"Reading the module file '{path}' failed: {e.Message}", e);
        }
    }

    private static bool TryFollowFirstLink(string full, out string followed)
    {
        var parts = full.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var prefix = "/";
        for (var i = 0; i < parts.Length; i++)
        {
            prefix = Path.Combine(prefix, parts[i]);
            if (new FileInfo(prefix).LinkTarget is { } target)
            {
                var rest = string.Join('/', parts[(i + 1)..]);
                followed = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(prefix)!, target, rest));
                return true;
            }
        }

        followed = full;
        return false;
    }
}
