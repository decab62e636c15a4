// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Uapi;

namespace Hmm.Modules.Tests;

/// <summary>A batch that a test hands to a driver.</summary>
internal sealed class TestBatch : CopyBatch
{
    public int Completions { get; private set; }

    public TestBatch Add(Pfn first, int frameCount, nint buffer)
    {
        AddSegment(first, frameCount, buffer);
        return this;
    }

    public TestBatch Give()
    {
        HandOver();
        return this;
    }

    public Errno ErrorAt(int index) => ErrorOf(index);

    public bool IsRefusedAt(int index, int frame) => IsRefused(index, frame, 1);

    private protected override void OnCompleted() => Completions++;
}
