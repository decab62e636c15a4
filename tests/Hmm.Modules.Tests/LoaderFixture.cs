// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using Hmm.Core.Modules.Loading;
using Hmm.Uapi;
using Microsoft.CodeAnalysis;

namespace Hmm.Modules.Tests;

/// <summary>A folder of compiled modules and a loader that trusts it.</summary>
internal sealed class LoaderFixture : IDisposable
{
    private readonly Dictionary<string, byte[]> _compiled = new(StringComparer.Ordinal);

    public LoaderFixture(Func<ModuleLoaderOptions, ModuleLoaderOptions>? change = null)
    {
        Folder = Directory.CreateTempSubdirectory("hmm-modules-").FullName;
        var options = new ModuleLoaderOptions
        {
            Folders = [new ModuleFolder(Folder, InTree: false)],
            Log = Log.Enqueue
        };
        Loader = new ModuleLoader(change?.Invoke(options) ?? options);
    }

    public string Folder { get; }

    public ModuleLoader Loader { get; }

    public ConcurrentQueue<string> Log { get; } = new();

    /// <summary>Compiles a module into the folder; it may use modules that were compiled before.</summary>
    public string Compile(string name, string source, params string[] references)
    {
        var bytes = Compiler.Compile(name, source, Platform.AnyCpu, [.. references.Select(r => _compiled[r])]);
        _compiled[name] = bytes;
        return Write(name, bytes);
    }

    public string Write(string name, byte[] bytes)
    {
        var path = Path.Combine(Folder, name + ".dll");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Compiles a module and loads it.</summary>
    public ModuleInfo Load(string name, string source, params string[] references) =>
        Loader.Load(Compile(name, source, references));

    /// <summary>Compiles a module and expects that it is refused: nothing of it may have run.</summary>
    public HmmException Refused(Errno errno, string name, string source, params string[] references)
    {
        var path = Compile(name, source, references);
        return Refused(errno, path);
    }

    public HmmException Refused(Errno errno, string path)
    {
        var before = Log.Count;
        var error = Assert.Throws<HmmException>(() => Loader.Load(path));
        Assert.True(error.Errno == errno, $"expected {errno}: {error.Message}");
        Assert.Equal(before, Log.Count);
        Assert.DoesNotContain(Loader.Modules, m => m.Path == path);
        return error;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
