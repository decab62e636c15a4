// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Migration;

/// <summary>
/// The buffers of one slot: copies of small pages use the one, and a page that is larger than it, which is copied by
/// itself, the other. A slot's operation works in one of them at a time.
/// </summary>
/// <param name="Small">Lies beside those of the other slots, so that all fit few of the system's large pages.</param>
/// <param name="SmallBytes">The size of that.</param>
/// <param name="Large">Takes no DRAM until a large page needs it.</param>
internal readonly record struct SlotBuffers(nint Small, int SmallBytes, nint Large)
{
    /// <summary>The one for copies of pages of a size.</summary>
    public nint For(int pageBytes) => pageBytes <= SmallBytes ? Small : Large;
}
