// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance.Tests;

/// <summary>A folder that goes with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("hmm-conformance-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
