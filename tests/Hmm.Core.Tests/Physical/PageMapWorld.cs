// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Uapi;
using Xunit;

namespace Hmm.Core.Tests.Physical;

/// <summary>A physical memory with short ways to make resources and page maps.</summary>
internal sealed class PageMapWorld
{
    public const ulong Base = 1UL << 30;

    public PhysicalMemory Memory { get; } = new(Pfn.SizeBytes * 1_024);

    public TestOps Ops { get; init; } = new();

    public object Owner { get; } = new();

    public Resource Span(
        ulong firstFrame,
        ulong frames,
        ResourceKind kind = ResourceKind.DevicePrivate,
        Resource? parent = null)
    {
        var start = Base + (firstFrame * Pfn.SizeBytes);
        return Memory.Resources.Request(parent, start, frames * Pfn.SizeBytes, $"span {firstFrame}", kind);
    }

    public PageMap Map(Resource resource, string name = "disk", int frameOrder = 0) =>
        PageMap.Create(Memory, Options([new PageMapSpan(resource)], name, frameOrder));

    public PageMap Map(ulong frames) => Map(Span(0, frames));

    public PageMapOptions Options(PageMapSpan[] spans, string name = "disk", int frameOrder = 0) => new()
    {
        Name = name,
        Type = PageMapType.Private,
        Owner = Owner,
        Ops = Ops,
        Spans = spans,
        FrameOrder = frameOrder,
    };

    public static HmmException Expect(Errno errno, Action action)
    {
        var exception = Assert.Throws<HmmException>(action);
        Assert.Equal(errno, exception.Errno);
        return exception;
    }
}
