// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.System.Tests.Support;

/// <summary>
/// A test that plays a part as another, powerless user; skipped with the reason where that is not
/// possible.
/// </summary>
public sealed class OtherUserFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> s_reason = new(Probe);

    /// <summary>Probes.</summary>
    public OtherUserFactAttribute()
    {
        Skip = s_reason.Value;
    }

    private static string? Probe()
    {
        using var child = OtherUser.Play("nothing");
        var code = child.WaitForExit();
        return code == 0 ? null : $"The tests cannot be run as user {OtherUser.Id} ({code}): {child.Errors}";
    }
}
