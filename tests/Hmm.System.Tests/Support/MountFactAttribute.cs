// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.System.Tests.Support;

/// <summary>A test that needs the right to mount a file system; skipped with the reason where there is none.</summary>
public sealed class MountFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> s_reason = new(SmallFolder.MissingBecause);

    /// <summary>Probes.</summary>
    public MountFactAttribute()
    {
        Skip = s_reason.Value;
    }
}
