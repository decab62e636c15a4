// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Client.Tests;

/// <summary>A test that compiles C, where the machine can.</summary>
public sealed class FactWithCompilerAttribute : FactAttribute
{
    public FactWithCompilerAttribute()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':');
        if (!Array.Exists(folders, folder => File.Exists(Path.Combine(folder, "cc"))))
        {
            Skip = "there is no C compiler (cc) on the PATH; install gcc or clang for this one";
        }
        else if (!File.Exists("/usr/include/linux/userfaultfd.h"))
        {
            Skip = "the kernel's headers (/usr/include/linux/userfaultfd.h) are missing; install linux-libc-dev";
        }
    }
}
