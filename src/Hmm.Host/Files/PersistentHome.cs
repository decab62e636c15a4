// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Core.Virtual;
using Hmm.Host.Engine;
using Hmm.Uapi;

namespace Hmm.Host.Files;

/// <summary>
/// The image of a persistent range as memory: frame n of its page map is page n of the range's last checkpoint. It
/// keeps its device from being removed.
/// </summary>
internal sealed class PersistentHome : IDisposable
{
    private readonly Device _device; // immutable
    private readonly PageMap _pageMap; // immutable
    private readonly Pfn _first; // immutable

    /// <summary>Makes an image's span of physical addresses.</summary>
    /// <param name="memory">The physical address space.</param>
    /// <param name="host">The device that holds the range; used until this is disposed.</param>
    /// <param name="image">The image; owned from here on.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="pageCount">The range's length.</param>
    public PersistentHome(PhysicalMemory memory, HostDevice host, IPersistentImage image, string name, long pageCount)
    {
        Image = image;
        Store = host.Memory;
        _device = new Device(name, memory);
        try
        {
            _device.Managed.Add(host.LetGo, "device");
            _device.Managed.Add(image.Dispose, "image");
            var resource = _device.Managed.RequestFree(
                memory.Resources, (ulong)pageCount << Pfn.Shift, Pfn.SizeBytes, name, ResourceKind.Generic);
            _pageMap = _device.Managed.CreatePageMap(memory, new PageMapOptions
            {
                Name = name,
                Type = PageMapType.Generic,
                Owner = _device,
                Spans = [new PageMapSpan(resource)],
                Ops = image,
            });
            _first = Pfn.FromAddress(resource.Start);
            image.Attach(_first);
        }
        catch
        {
            _device.Remove();
            throw;
        }
    }

    /// <summary>What makes checkpoints.</summary>
    public IPersistentImage Image { get; }

    /// <summary>Where dirty pages go.</summary>
    public DeviceMemory Store { get; }

    /// <summary>The frames, for the range.</summary>
    public HomeFrames Home => new(_pageMap, _first);

    /// <inheritdoc/>
    public void Dispose() => _device.Remove();
}
