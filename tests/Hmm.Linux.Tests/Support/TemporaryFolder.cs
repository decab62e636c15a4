// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Linux.Tests.Support;

// A folder of a test's own, removed with what is in it.
internal sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("hmm-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);

    internal string File(string name) => System.IO.Path.Combine(Path, name);
}
