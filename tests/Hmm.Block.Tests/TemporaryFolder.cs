// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Block.Tests;

internal sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("hmm-test-").FullName;

    internal string File(string name) => global::System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
