// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Client.Tests;

/// <summary>A test of permissions, which root does not meet.</summary>
public sealed class FactUnlessRootAttribute : FactAttribute
{
    public FactUnlessRootAttribute()
    {
        if (Environment.IsPrivilegedProcess)
        {
            Skip = "root may read and write every file; run the tests as another user for this one";
        }
    }
}
