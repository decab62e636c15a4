// SPDX-License-Identifier: MIT
using System.Globalization;
using System.Runtime.CompilerServices;
using Hmm.Connection;
using Hmm.Uapi;

namespace Hmm;

/// <content>Making arrays.</content>
public sealed partial class HmmHost
{
    /// <summary>
    /// Makes an array of zeros. It costs address space only, until its pages are touched.
    /// </summary>
    /// <typeparam name="T">The elements' type.</typeparam>
    /// <param name="length">How many elements, at least 1; at most 64 TiB of them.</param>
    /// <param name="options">Name, page size, advice; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The length is below 1 or too long; an option is outside its limits.
    /// </exception>
    /// <exception cref="HmmException">
    /// ENOMEM: no address space. EMFILE: too many. ECONNRESET: the host has gone.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The host is disposed.</exception>
    public HmmArray<T> Allocate<T>(long length, HmmRangeOptions? options = null)
        where T : unmanaged
    {
        options ??= new HmmRangeOptions();
        options.Validate();
        var longest = (long)(Limits.RangeBytesMax / (ulong)Unsafe.SizeOf<T>());
        if (length < 1 || length > longest)
        {
            throw new ArgumentOutOfRangeException(
                nameof(length),
                length,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"An array of {typeof(T).Name} has 1 to {longest} elements (64 TiB)."));
        }

        var bytes = (ulong)length * (ulong)Unsafe.SizeOf<T>();
        var name = options.Name ?? typeof(T).Name + "[]";
        return Make<T>(HmmRange.Create(this, RangeKind.Anonymous, bytes, file: null, options, name), length);
    }

    /// <summary>
    /// Makes an array of a file's contents, as they are now. A file whose length is not a multiple
    /// of the element's size shows its whole elements; its last bytes stay as they are.
    /// </summary>
    /// <typeparam name="T">The elements' type.</typeparam>
    /// <param name="path">
    /// A regular file of at least one element. It must not be truncated while it is mapped.
    /// </param>
    /// <param name="mode">Whether writes go to the file.</param>
    /// <param name="options">Name, page size, advice; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The mode is none; an option is outside its limits.
    /// </exception>
    /// <exception cref="HmmException">
    /// ENOENT: no such file. EISDIR: it is a directory. EACCES: it may not be read or, if shared,
    /// not be written. EINVAL: it is empty, no regular file, or smaller than an element. EFBIG:
    /// larger than 64 TiB.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The host is disposed.</exception>
    public HmmArray<T> MapFile<T>(string path, HmmMapMode mode = HmmMapMode.Private, HmmRangeOptions? options = null)
        where T : unmanaged
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (mode is not (HmmMapMode.Private or HmmMapMode.Shared))
        {
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "Use Private or Shared.");
        }

        options ??= new HmmRangeOptions();
        options.Validate();
        using var file = MappableFile.Open(path, mode, Unsafe.SizeOf<T>(), out var fileBytes);
        var kind = mode == HmmMapMode.Private ? RangeKind.FilePrivate : RangeKind.FileShared;
        var name = options.Name ?? Path.GetFileName(path);
        return Make<T>(
            HmmRange.Create(this, kind, (ulong)fileBytes, file, options, name),
            fileBytes / Unsafe.SizeOf<T>());
    }

    private HmmArray<T> Make<T>(HmmRange range, long length)
        where T : unmanaged
    {
        var array = new HmmArray<T>(range, length);
        Remember(range);
        return array;
    }
}
