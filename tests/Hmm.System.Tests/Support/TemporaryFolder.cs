// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.System.Tests.Support;

// A folder of a test's own, removed with what is in it.
internal sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("hmm-test-").FullName;

    internal string File(string name) => Path + "/" + name;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
