// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Simulation.Tests.Devices;

namespace Hmm.Simulation.Tests.Hosting;

/// <summary>
/// A persistent range's last checkpoint: a file whose pages a commit replaces by what frames of another device hold,
/// all at once, so that nothing but the core decides of which moment a checkpoint is.
/// </summary>
internal sealed class SimulatedImage : IPersistentImage
{
    private readonly SimulatedDevice _store; // immutable
    private readonly SimulatedFile _file; // immutable
    private readonly List<Pfn> _kept = []; // Guarded by: the baton
    private ulong _sequence; // Guarded by: the baton

    public SimulatedImage(SimulatedDevice store, SimulatedFile file)
    {
        (_store, _file) = (store, file);
    }

    public void Attach(Pfn first) => throw new NotSupportedException("its page map is the file's");

    public void Fault(CopyBatch batch) => throw new NotSupportedException("its page map is the file's");

    public void Evict(CopyBatch batch) => throw new NotSupportedException("its page map is the file's");

    public void Free(Pfn first, int frameCount) => throw new NotSupportedException("its page map is the file's");

    public ulong Commit(IReadOnlyList<PersistentChange> changes)
    {
        // Kept since the last commit, and of no use any more: the file has their bytes.
        GiveBack();
        foreach (var (page, frame) in changes)
        {
            _store.Content(frame - _store.First, 1).CopyTo(_file.Page(page));
            _kept.Add(frame);
        }

        return ++_sequence;
    }

    /// <summary>Gives back every frame that was kept.</summary>
    public void GiveBack()
    {
        _kept.ForEach(frame => _store.Memory.GiveBack(frame, 1));
        _kept.Clear();
    }

    public void Dispose() => GiveBack();
}
