// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Core.Modules.Loading;

/// <summary>
/// What the loader asks the file system. The core makes no system calls; this seam lets tests
/// replace it.
/// </summary>
internal interface IModuleFiles
{
    /// <summary>The absolute path without symbolic links in any of its parts.</summary>
    /// <exception cref="HmmException"><see cref="Errno.EINVAL"/>: links lead in a circle.</exception>
    string Canonicalize(string path);

    /// <summary>Whether a file stands there.</summary>
    bool Exists(string path);

    /// <summary>The permission bits of a file or folder.</summary>
    UnixFileMode ModeOf(string path);

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="HmmException">
    /// <see cref="Errno.ENOENT"/>, <see cref="Errno.EACCES"/>, <see cref="Errno.EIO"/>, or <see cref="Errno.EFBIG"/>:
    /// more than <paramref name="lengthMaxBytes"/>.
    /// </exception>
    byte[] Read(string path, int lengthMaxBytes);
}
