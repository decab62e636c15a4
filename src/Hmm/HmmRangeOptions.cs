// SPDX-License-Identifier: MIT
using System.Numerics;
using Hmm.Uapi;

namespace Hmm;

/// <summary>Options of one range.</summary>
public sealed class HmmRangeOptions
{
    /// <summary>
    /// The default of <see cref="PageSizeBytes"/>: 4096 bytes, so that random access moves little.
    /// </summary>
    public const int DefaultPageSizeBytes = 1 << Limits.PageShiftMin;

    /// <summary>
    /// What the range is called in reports: at most 63 bytes of UTF-8 without control characters.
    /// Default: the element type or the file's name.
    /// </summary>
    public string? Name { get; set; }

    /// <summary>
    /// The unit in bytes in which pages come, go and are counted: a power of two from 4096 to 2
    /// MiB. Default: <see cref="DefaultPageSizeBytes"/>.
    /// </summary>
    public int PageSizeBytes { get; set; } = DefaultPageSizeBytes;

    /// <summary>
    /// How the range will be accessed at first. Default: <see cref="Advice.Normal"/>.
    /// </summary>
    public Advice Advice { get; set; }

    internal void Validate()
    {
        if (!BitOperations.IsPow2(PageSizeBytes)
            || PageSizeBytes is < (1 << Limits.PageShiftMin) or > (1 << Limits.PageShiftMax))
        {
            throw new ArgumentOutOfRangeException(
                nameof(PageSizeBytes),
                PageSizeBytes,
                "A page size is a power of two from 4096 to 2097152 bytes.");
        }

        if (Advice > Advice.Sequential)
        {
            throw new ArgumentOutOfRangeException(nameof(Advice), Advice, "Use Normal, Random or Sequential.");
        }

        if (Name is not null)
        {
            _ = FixedName.Create(Name);
        }
    }
}
