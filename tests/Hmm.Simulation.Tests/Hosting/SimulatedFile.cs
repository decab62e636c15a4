// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Core.Virtual;
using Hmm.Simulation.Tests.Devices;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Hosting;

/// <summary>A file that ranges map: device memory of its own, whose frames are the file's pages.</summary>
internal sealed class SimulatedFile
{
    private readonly int _pageOrder; // immutable

    public SimulatedFile(SimulatedDevice device, int pages, int pageShift, SeededRandom random)
    {
        Device = device;
        PageCount = pages;
        _pageOrder = pageShift - Pfn.Shift;
        Home = new HomeFrames(device.Memory.PageMap, device.First);
        for (var page = 0; page < pages; page++)
        {
            // Some pages of a file are zeros, as in real ones.
            var content = Page(page);
            content.Clear();
            if (!random.Chance(200))
            {
                for (var i = 0; i < content.Length; i += 512)
                {
                    BitConverter.TryWriteBytes(content[i..], random.NextBits());
                }
            }
        }

        device.MarkWritten();
    }

    public SimulatedDevice Device { get; }

    public int PageCount { get; }

    public HomeFrames Home { get; }

    /// <summary>The bytes of a page as they are on the medium.</summary>
    public Span<byte> Page(long page) => Device.Content(page << _pageOrder, 1 << _pageOrder);
}
