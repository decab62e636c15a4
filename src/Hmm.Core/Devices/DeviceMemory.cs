// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Uapi;

namespace Hmm.Core.Devices;

/// <summary>
/// A page map of a device, with fault and free hooks (Linux: <c>hmm_devmem</c>). A thin wrapper:
/// the page map holds the frames, the device's managed resources the life.
/// </summary>
/// <remarks>
/// Thread-safety: every member from any thread; <see cref="Remove"/> waits for every holder of a
/// frame.
/// </remarks>
[ExportSymbolGpl]
public sealed class DeviceMemory
{
    // Spans start at a multiple of the largest page, so that an aligned run of frames is one of
    // device memory too.
    private const ulong AlignmentBytes = (ulong)Pfn.SizeBytes << FrameAllocator.OrderMax;

    private readonly ManagedResources _managed; // immutable: a group of the device

    private DeviceMemory(Device device, ManagedResources managed, PageMap pageMap)
    {
        _managed = managed;
        Device = device;
        PageMap = pageMap;
    }

    /// <summary>Whose memory it is.</summary>
    public Device Device { get; }

    /// <summary>The frames.</summary>
    public PageMap PageMap { get; }

    /// <summary>
    /// The memory that the buffers of its copies are in, to be registered with the device once. Empty where there is no
    /// memory manager.
    /// </summary>
    public IReadOnlyList<CopyBuffers> CopyBuffers => Device.Memory.CopyBuffers;

    /// <summary>Counts.</summary>
    public DeviceMemoryStatistics Statistics => PageMap.Statistics;

    /// <summary>
    /// Claims a free span, top down, and makes it private memory: the CPU cannot map it (Linux:
    /// <c>hmm_devmem_add</c>).
    /// </summary>
    /// <param name="ops">The driver's hooks.</param>
    /// <param name="device">The device; the memory goes when it goes.</param>
    /// <param name="sizeBytes">How much, rounded up to 4 KiB; at least 1.</param>
    /// <exception cref="HmmException">
    /// EINVAL: 0 bytes. ERANGE: no free span of that size. ENOMEM: no memory for the metadata.
    /// ENODEV: the device is being removed.
    /// </exception>
    public static DeviceMemory Add(IDeviceMemoryOps ops, Device device, ulong sizeBytes) =>
        AddCore(ops, device, PageMapType.Private, managed => new PageMapSpan(managed.RequestFree(
            device.Memory.Resources,
            RoundUp(sizeBytes),
            AlignmentBytes,
            device.Name,
            ResourceKind.DevicePrivate)));

    /// <summary>
    /// Makes a span that the caller owns coherent memory: the CPU reaches it (Linux:
    /// <c>hmm_devmem_add_resource</c>). The caller releases the resource, after
    /// <see cref="Remove"/>.
    /// </summary>
    /// <param name="ops">The driver's hooks.</param>
    /// <param name="device">The device; the memory goes when it goes.</param>
    /// <param name="resource">The span, of kind <see cref="ResourceKind.DeviceCoherent"/>.</param>
    /// <param name="cpuAddress">Where the CPU reaches its first byte, aligned to 4096.</param>
    /// <exception cref="HmmException">
    /// As <see cref="PageMap.Create"/>, and ENODEV: the device is being removed.
    /// </exception>
    public static DeviceMemory AddResource(IDeviceMemoryOps ops, Device device, Resource resource, nint cpuAddress) =>
        AddCore(ops, device, PageMapType.Coherent, _ => new PageMapSpan(resource, cpuAddress));

    /// <inheritdoc cref="PageMap.TryAllocateRun"/>
    public bool TryAllocateRun(int framesMax, out Pfn first, out int frames) =>
        PageMap.TryAllocateRun(framesMax, out first, out frames);

    /// <inheritdoc cref="PageMap.TryAllocateOrder"/>
    public bool TryAllocateOrder(int order, out Pfn first) => PageMap.TryAllocateOrder(order, out first);

    /// <summary>
    /// Takes neighbouring free frames for the device itself, as those that hold what it writes beside pages. They have
    /// no holder, no driver word, and keep the memory from nothing.
    /// </summary>
    /// <param name="framesMax">The most to take, at least 1.</param>
    /// <param name="first">The first frame.</param>
    /// <param name="frames">How many.</param>
    /// <returns>False: every frame is used, allocation is suspended, or removal began.</returns>
    public bool TryTake(int framesMax, out Pfn first, out int frames) =>
        PageMap.TryTake(framesMax, out first, out frames);

    /// <summary>
    /// Takes certain frames for the device itself: those that its medium held before, so that nobody is handed them.
    /// </summary>
    /// <param name="first">The first frame.</param>
    /// <param name="frames">How many, at least 1.</param>
    /// <returns>False, and nothing is taken: one of them is used, or removal began.</returns>
    public bool TryTakeAt(Pfn first, int frames) => PageMap.TryTakeAt(first, frames);

    /// <summary>Gives frames back that the device took, or that were kept for it.</summary>
    /// <param name="first">The first frame.</param>
    /// <param name="frames">How many, at least 1.</param>
    public void GiveBack(Pfn first, int frames) => PageMap.GiveBack(first, frames);

    /// <summary>
    /// The driver's 64 bits of a frame that is handed out: 0 at first, valid until the free hook
    /// returns.
    /// </summary>
    /// <exception cref="HmmException">
    /// EPERM: the frame is another's. ENXIO: it is nobody's.
    /// </exception>
    public ref ulong DriverWord(Pfn pfn) => ref PageMap.DriverWord(pfn, Device);

    /// <summary>
    /// Stops handing out frames: the first step of a removal in use, so that evacuation comes to an
    /// end. When it returns, no allocation is still to come.
    /// </summary>
    public void SuspendAllocation() => PageMap.SetSuspended(true);

    /// <summary>
    /// Hands out frames again: the evacuation found no room, and the device stays.
    /// </summary>
    public void ResumeAllocation() => PageMap.SetSuspended(false);

    /// <summary>
    /// Whether pages of other devices may be sent here: from when it is added until its removal begins (Linux:
    /// <c>pci_p2pmem_publish</c>).
    /// </summary>
    internal bool IsPublished => !PageMap.IsSuspended;

    /// <summary>
    /// The first frame at or after <paramref name="from"/> that is handed out. False: none, or
    /// removal began.
    /// </summary>
    public bool TryNextUsed(Pfn from, out Pfn used) => PageMap.TryNextUsed(from, out used);

    /// <summary>
    /// Removes the memory: waits until every frame came back, then releases the span if
    /// <see cref="Add"/> claimed it. Not from a hook, and not by a holder of a frame. Calling it
    /// again does nothing.
    /// </summary>
    public void Remove() => _managed.Release();

    private static ulong RoundUp(ulong sizeBytes) =>
        Math.Max(sizeBytes, (sizeBytes + Pfn.SizeBytes - 1) & ~(ulong)(Pfn.SizeBytes - 1));

    private static DeviceMemory AddCore(
        IDeviceMemoryOps ops,
        Device device,
        PageMapType type,
        Func<ManagedResources, PageMapSpan> acquireSpan)
    {
        ArgumentNullException.ThrowIfNull(ops);
        ArgumentNullException.ThrowIfNull(device);
        var managed = device.Managed.OpenGroup("device memory");
        try
        {
            var span = acquireSpan(managed);
            var pageMap = managed.CreatePageMap(
                device.Memory,
                new PageMapOptions { Name = device.Name, Type = type, Owner = device, Ops = ops, Spans = [span] });
            managed.Close();
            return new DeviceMemory(device, managed, pageMap);
        }
        catch
        {
            managed.Release();
            throw;
        }
    }
}
