// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.Versioning;
using Hmm.Core.Modules.Loading;
using Hmm.Uapi;

namespace Hmm.Modules.Tests;

/// <summary>Modules come from allow-listed folders, over paths in which not everyone can write.</summary>
[SupportedOSPlatform("linux")]
public sealed class PathTests : IDisposable
{
    private const UnixFileMode Everyone =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherWrite;
    private readonly LoaderFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void AFileOutsideTheFoldersIsRefused()
    {
        using var elsewhere = new LoaderFixture();
        var path = elsewhere.Compile("Stray", Source.Module("GPL"));

        var error = _fixture.Refused(Errno.EACCES, path);

        Assert.Contains(
            $"Modules may be loaded from '{_fixture.Folder}' only", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ALinkOutOfTheFolderIsRefused()
    {
        using var elsewhere = new LoaderFixture();
        var link = Path.Combine(_fixture.Folder, "Stray.dll");
        File.CreateSymbolicLink(link, elsewhere.Compile("Stray", Source.Module("GPL")));

        _fixture.Refused(Errno.EACCES, link);
        _fixture.Refused(
            Errno.EACCES, Path.Combine(_fixture.Folder, "..", Path.GetFileName(elsewhere.Folder), "Stray.dll"));
    }

    [Fact]
    public void LinksInACircleAreRefused()
    {
        var link = Path.Combine(_fixture.Folder, "Loop.dll");
        File.CreateSymbolicLink(link, link);

        _fixture.Refused(Errno.EINVAL, link);
    }

    [Fact]
    public void AFolderWhoseNameOnlyBeginsAlikeIsNotTheFolder()
    {
        var twin = Directory.CreateDirectory(_fixture.Folder + "-twin").FullName;
        try
        {
            File.Copy(_fixture.Compile("Twin", Source.Module("GPL")), Path.Combine(twin, "Twin.dll"));
            _fixture.Refused(Errno.EACCES, Path.Combine(twin, "Twin.dll"));
        }
        finally
        {
            Directory.Delete(twin, recursive: true);
        }
    }

    [Fact]
    public void AWorldWritableFileIsRefused()
    {
        var path = _fixture.Compile("Open", Source.Module("GPL"));
        File.SetUnixFileMode(path, Everyone);

        Assert.Contains(
            $"everyone can write to '{path}'; run 'chmod o-w",
            _fixture.Refused(Errno.EACCES, path).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AWorldWritableFolderIsRefusedAlsoWhenSticky()
    {
        var path = _fixture.Compile("Open", Source.Module("GPL"));
        foreach (var mode in new[] { Everyone, Everyone | UnixFileMode.StickyBit })
        {
            File.SetUnixFileMode(_fixture.Folder, mode);
            Assert.Contains(
                "everyone can write to '" + _fixture.Folder,
                _fixture.Refused(Errno.EACCES, path).Message,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AWorldWritableFolderFurtherUpIsRefusedUnlessSticky()
    {
        var inner = Directory.CreateDirectory(Path.Combine(_fixture.Folder, "Deep", "Deeper")).FullName;
        var path = Path.Combine(inner, "Deeper.dll");
        File.Copy(_fixture.Compile("Deeper", Source.Module("GPL")), path);

        File.SetUnixFileMode(Path.Combine(_fixture.Folder, "Deep"), Everyone);
        _fixture.Refused(Errno.EACCES, path);

        File.SetUnixFileMode(Path.Combine(_fixture.Folder, "Deep"), Everyone | UnixFileMode.StickyBit);
        Assert.Equal("Deeper", _fixture.Loader.Load(path).Name);
    }

    [Fact]
    public void AModuleIsFoundByNameAlsoInAFolderOfItsOwn()
    {
        Directory.CreateDirectory(Path.Combine(_fixture.Folder, "Own"));
        File.Move(_fixture.Compile("Own", Source.Module("GPL")), Path.Combine(_fixture.Folder, "Own", "Own.dll"));

        Assert.Equal(ModuleState.Live, _fixture.Loader.Load("Own").State);
    }
}
