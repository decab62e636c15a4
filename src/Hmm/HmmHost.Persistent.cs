// SPDX-License-Identifier: MIT
using System.Globalization;
using System.Runtime.CompilerServices;
using Hmm.Uapi;

namespace Hmm;

/// <content>Arrays that outlive the program.</content>
public sealed partial class HmmHost
{
    /// <summary>
    /// Opens a persistent array by its name, as its last checkpoint has it, and of zeros where there is none yet. Takes
    /// the same time at any size: pages come when they are touched. What is written counts from the next
    /// <see cref="HmmArray{T}.Checkpoint"/> on; without one it is gone with the array.
    /// </summary>
    /// <typeparam name="T">The elements' type; of the same size each time.</typeparam>
    /// <param name="name">The name: 1 to 63 bytes of UTF-8 without control characters.</param>
    /// <param name="length">How many elements; the same each time.</param>
    /// <param name="options">Device, checkpoint, advice; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name is empty or too long; an option is outside its limits.</exception>
    /// <exception cref="HmmException">
    /// ENODEV: the host has no persistent device (<c>pmem,file=PATH</c>). EBUSY: it is open already. EINVAL: it has
    /// another length or element. EACCES: it is another user's. EIO: it is damaged.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The host is disposed.</exception>
    public HmmArray<T> Open<T>(string name, long length, HmmOpenOptions? options = null)
        where T : unmanaged
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        _ = FixedName.Create(name);
        options ??= new HmmOpenOptions();
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

        return Make<T>(HmmRange.Open(this, name, (ulong)length, (uint)Unsafe.SizeOf<T>(), options), length);
    }

    /// <summary>Opens a persistent array that exists, with the length that it has.</summary>
    /// <typeparam name="T">The elements' type; of the same size each time.</typeparam>
    /// <param name="name">The name.</param>
    /// <param name="options">Device, checkpoint, advice; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name is empty or too long; an option is outside its limits.</exception>
    /// <exception cref="HmmException">
    /// ENOENT: no checkpoint of that name. And as the other form.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The host is disposed.</exception>
    public HmmArray<T> Open<T>(string name, HmmOpenOptions? options = null)
        where T : unmanaged
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var wanted = FixedName.Create(name);
        var device = options?.Device;
        foreach (var checkpoint in Checkpoints())
        {
            if (checkpoint.Name == wanted && (device is null || checkpoint.Device.ToString() == device))
            {
                return Open<T>(name, (long)(checkpoint.LengthBytes / (ulong)Unsafe.SizeOf<T>()), options);
            }
        }

        throw new HmmException(
            Errno.ENOENT,
            $"There is no persistent range '{name}' with a checkpoint; give its length to make one.");
    }
}
