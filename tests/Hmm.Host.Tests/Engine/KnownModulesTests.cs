// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Host.Engine;
using Hmm.Uapi;

namespace Hmm.Host.Tests.Engine;

public sealed class KnownModulesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hmm-known-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AFolderWithoutAListKnowsNone() => Assert.Empty(KnownModules.Read(_folder));

    [Fact]
    public void ReadsWhatSha256sumWrites()
    {
        var (first, second) = (new string('0', 63) + "A", new string('f', 64));
        Write($"{first}  One.dll\n{second}  Two.dll\n");

        Assert.Equal([first.ToLowerInvariant(), second], KnownModules.Read(_folder).Order());
    }

    [Theory]
    [InlineData("")]
    [InlineData("One.dll")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("000000000000000000000000000000000000000000000000000000000000000g  One.dll")]
    [InlineData("00000000000000000000000000000000000000000000000000000000000000000 One.dll")]
    public void RefusesALineThatIsNone(string line)
    {
        Write(line + "\n");

        var error = Assert.Throws<HmmException>(() => KnownModules.Read(_folder));
        Assert.Equal(Errno.EINVAL, error.Errno);
        Assert.Contains("build again", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The build writes the list with the modules, so the host's own carry no taint.</summary>
    [Fact]
    public void TheBuildsListNamesEveryModule()
    {
        var output = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        var modules = Path.Combine(output, "../../Hmm.Host", Path.GetFileName(output), "modules");
        var known = KnownModules.Read(modules);

        var files = Directory.GetFiles(modules, "*.dll");
        Assert.NotEmpty(files);
        Assert.All(
            files,
            file => Assert.Contains(
                Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file))),
                known));
    }

    private void Write(string text) => File.WriteAllText(Path.Combine(_folder, KnownModules.FileName), text);
}
