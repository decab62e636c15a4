// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.System.Tests.Support;

// A file system in memory of a test's own, so small that a test can fill it.
internal sealed class SmallFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal SmallFolder(string size)
    {
        using var mount = Child.Start("mount", ["-t", "tmpfs", "-o", $"size={size}", "none", Path]);
        if (mount.WaitForExit() != 0)
        {
            _folder.Dispose();
            throw new InvalidOperationException($"mounting a tmpfs of {size} failed: {mount.Errors}");
        }
    }

    internal string Path => _folder.Path;

    // Why this machine cannot mount one, or null.
    internal static string? MissingBecause()
    {
        try
        {
            using var mounted = new SmallFolder("64k");
            return null;
        }
        catch (InvalidOperationException refused)
        {
            return refused.Message;
        }
    }

    public void Dispose()
    {
        using var unmount = Child.Start("umount", [Path]);
        Assert.True(unmount.WaitForExit() == 0, unmount.Errors);
        _folder.Dispose();
    }
}
