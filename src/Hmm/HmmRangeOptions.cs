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

    /// <summary>
    /// What becomes of a thread that touches a page which cannot be had: its device fails or does not answer, or
    /// everything is full. Default: <see cref="ErrorPolicy.Poison"/>.
    /// </summary>
    public ErrorPolicy ErrorPolicy { get; set; }

    /// <summary>
    /// The DRAM that other ranges cannot take from this one, in bytes: whole MiB. What it has not
    /// touched, others may use. All minima together are at most half of the budget. Default: 0.
    /// </summary>
    public long MinimumShareBytes { get; set; }

    /// <summary>
    /// The DRAM that this range should not go beyond, in bytes: whole MiB, at least 2. Its own pages
    /// leave first when it does; it may be above for as long as that takes. Default: 0, no limit.
    /// </summary>
    public long MaximumShareBytes { get; set; }

    internal void Validate()
    {
        ValidateShare(MinimumShareBytes, nameof(MinimumShareBytes));
        ValidateShare(MaximumShareBytes, nameof(MaximumShareBytes));
        if (MaximumShareBytes != 0 && MaximumShareBytes < Math.Max(MinimumShareBytes, (long)Limits.BudgetBytesMin))
        {
            throw new ArgumentOutOfRangeException(
                nameof(MaximumShareBytes),
                MaximumShareBytes,
                "A maximum share is at least 2 MiB and at least the minimum share.");
        }

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

        if (ErrorPolicy > ErrorPolicy.Wait)
        {
            throw new ArgumentOutOfRangeException(nameof(ErrorPolicy), ErrorPolicy, "Use Poison or Wait.");
        }

        if (Name is not null)
        {
            _ = FixedName.Create(Name);
        }
    }

    private static void ValidateShare(long bytes, string name)
    {
        if (bytes < 0 || bytes % (1 << 20) != 0 || bytes >> 20 > uint.MaxValue)
        {
            throw new ArgumentOutOfRangeException(name, bytes, "A share is a number of whole MiB (1048576 bytes).");
        }
    }
}
