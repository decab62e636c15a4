// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Hosting;

namespace Hmm.Simulation.Tests.Applications;

/// <summary>A range and the plain array that it must always equal.</summary>
internal sealed class ModelRange
{
    public ModelRange(SimulatedRange opened)
    {
        Opened = opened;
        Bytes = new byte[opened.Memory.PageCount * opened.Memory.PageSizeBytes];
        Pins = new int[opened.Memory.PageCount];
        for (var page = 0; page < opened.Memory.PageCount; page++)
        {
            Forget(page);
        }
    }

    public SimulatedRange Opened { get; }

    /// <summary>What every byte of the range must be.</summary>
    public byte[] Bytes { get; }

    /// <summary>The pins of every page.</summary>
    public int[] Pins { get; }

    public int PageCount => Opened.Memory.PageCount;

    public int PageSizeBytes => Opened.Memory.PageSizeBytes;

    public RangeKind Kind => Opened.Range.Kind;

    public Span<byte> Page(long page) => Bytes.AsSpan((int)page * PageSizeBytes, PageSizeBytes);

    /// <summary>A page's contents are dropped: it is zeros, or the file's.</summary>
    public void Forget(long page)
    {
        if (Opened.File is null)
        {
            Page(page).Clear();
        }
        else
        {
            Opened.File.Page(page).CopyTo(Page(page));
        }
    }
}
