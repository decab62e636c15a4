// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Client.Tests;

/// <summary>A file that goes with its test.</summary>
internal sealed class TemporaryFile : IDisposable
{
    public TemporaryFile(byte[] contents) => File.WriteAllBytes(Path, contents);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"hmm-{Guid.NewGuid():N}");

    public void Dispose() => File.Delete(Path);
}
