// SPDX-License-Identifier: MIT
using Hmm.Uapi;
using Microsoft.Win32.SafeHandles;

namespace Hmm.Connection;

/// <summary>Opens a file to be mapped; every refusal is a sentence that says what to do.</summary>
internal static class MappableFile
{
    /// <summary>Opens a regular file of at least one element.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mode">Whether it must be writable.</param>
    /// <param name="elementBytes">The size of an element.</param>
    /// <param name="lengthBytes">The file's length.</param>
    public static SafeFileHandle Open(string path, HmmMapMode mode, int elementBytes, out long lengthBytes)
    {
        if (Directory.Exists(path))
        {
            throw new HmmException(Errno.EISDIR, $"'{path}' is a directory; name a file.");
        }

        var file = OpenHandle(path, mode);
        try
        {
            lengthBytes = RandomAccess.GetLength(file);
            CheckLength(path, lengthBytes, elementBytes);
            return file;
        }
        catch (Exception exception) when (exception is NotSupportedException or IOException and not HmmException)
        {
            file.Dispose();
            throw new HmmException(Errno.EINVAL, $"'{path}' is no regular file; name one.", exception);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The error of a failed open, as an errno and a sentence.</summary>
    internal static HmmException Explain(string path, HmmMapMode mode, Exception exception)
    {
        var wanted = mode == HmmMapMode.Shared ? "read and written" : "read";
        return exception switch
        {
            FileNotFoundException or DirectoryNotFoundException => new HmmException(
                Errno.ENOENT,
                $"There is no file '{path}'; correct the path.",
                exception),
            UnauthorizedAccessException => new HmmException(
                Errno.EACCES,
                $"'{path}' may not be {wanted} by this user; change its mode or owner"
                + (mode == HmmMapMode.Shared ? ", or map it privately." : "."),
                exception),

            // On Unix the HResult of what has no exception of its own is the errno.
            _ => new HmmException(
                exception.HResult is > 0 and < 4096 ? (Errno)exception.HResult : Errno.EIO,
                $"'{path}' cannot be opened to be {wanted}: {exception.Message}",
                exception),
        };
    }

    private static SafeFileHandle OpenHandle(string path, HmmMapMode mode)
    {
        try
        {
            // Others may do with the file what they like, as with mmap: no lock is taken.
            var access = mode == HmmMapMode.Shared ? FileAccess.ReadWrite : FileAccess.Read;
            return File.OpenHandle(path, FileMode.Open, access, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Explain(path, mode, exception);
        }
    }

    private static void CheckLength(string path, long lengthBytes, int elementBytes)
    {
        if (lengthBytes == 0)
        {
            throw new HmmException(
                Errno.EINVAL,
                $"'{path}' is empty, or no regular file, so there is nothing to map; name a file that has data.");
        }

        if (lengthBytes < elementBytes)
        {
            throw new HmmException(
                Errno.EINVAL,
                $"'{path}' has {lengthBytes} bytes and an element {elementBytes}; map it as a smaller type.");
        }

        if ((ulong)lengthBytes > Limits.RangeBytesMax)
        {
            throw new HmmException(
                Errno.EFBIG,
                $"'{path}' has {lengthBytes} bytes; a range has at most {Limits.RangeBytesMax}.");
        }
    }
}
