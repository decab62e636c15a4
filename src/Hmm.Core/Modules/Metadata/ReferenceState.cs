// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Metadata;

/// <summary>What a reference finds at its target.</summary>
internal enum ReferenceState
{
    /// <summary>A public or protected declaration.</summary>
    Visible,

    /// <summary>A declaration that is internal or private.</summary>
    Hidden,

    /// <summary>Nothing of that name and signature.</summary>
    Missing,
}
