// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core.Modules.Metadata;
using Hmm.Uapi;

namespace Hmm.Core.Modules.Loading;

/// <summary>
/// Finds the files of a module and sorts what it references: the core and shared assemblies, other modules, private
/// assemblies that lie beside it, the framework, and nothing else.
/// </summary>
internal sealed class ModulePlanner
{
    /// <summary>How many private assemblies a module may bring.</summary>
    private const int PrivatesMax = 64;

    private const UnixFileMode WorldWritable = UnixFileMode.OtherWrite;

    private readonly IModuleFiles _files; // Guarded by: immutable
    private readonly IReadOnlyList<ModuleFolder> _folders; // Guarded by: immutable
    private readonly IReadOnlySet<string> _shared; // Guarded by: immutable

    /// <param name="options">The folders and the file system.</param>
    /// <param name="shared">The names of the core and the shared assemblies.</param>
    public ModulePlanner(ModuleLoaderOptions options, IReadOnlySet<string> shared)
    {
        _files = options.Files;
        _folders = [.. options.Folders.Select(f => f with { Path = _files.Canonicalize(f.Path) })];
        _shared = shared;
    }

    /// <summary>Finds a module by name in the folders, or null: <c>NAME.dll</c> or <c>NAME/NAME.dll</c>.</summary>
    public string? Find(string name)
    {
        if (!IsPlainName(name))
        {
            return null;
        }

        foreach (var folder in _folders)
        {
            var file = name + ".dll";
            string[] places = [Path.Combine(folder.Path, file), Path.Combine(folder.Path, name, file)];
            if (Array.Find(places, _files.Exists) is { } path)
            {
                return path;
            }
        }

        return null;
    }

    /// <summary>Turns a module's name or path into a path.</summary>
    /// <exception cref="HmmException"><see cref="Errno.ENOENT"/>: no such module.</exception>
    public string Locate(string nameOrPath)
    {
        if (nameOrPath.Contains('/', StringComparison.Ordinal)
            || nameOrPath.EndsWith(".dll", StringComparison.OrdinalIgnoreCase))
        {
            return nameOrPath;
        }

        return Find(nameOrPath) ?? throw new HmmException(
            Errno.ENOENT, $"There is no module '{nameOrPath}' in {FoldersText}; name its file, or put it there.");
    }

    /// <summary>
    /// Finds the file of a module that another one needs: beside it, or in the folders; null if
    /// there is none.
    /// </summary>
    public string? FindFor(ModuleImage main, string name) => Beside(main, name) ?? Find(name);

    /// <summary>Reads a module and everything that belongs to it.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="isModule">Whether a name is that of a loaded module.</param>
    /// <exception cref="HmmException">
    /// <see cref="Errno.EACCES"/>: a path that modules may not come from; <see cref="Errno.ENOEXEC"/>: not a module;
    /// <see cref="Errno.ENOENT"/>: a file or a referenced assembly is missing.
    /// </exception>
    public ModulePlan Plan(string path, Func<string, bool> isModule)
    {
        var file = _files.Canonicalize(path);
        var folder = CheckPath(path, file);
        var main = ModuleImageReader.Read(file, _files.Read(file, ModuleImageReader.LengthMaxBytes));
        var privates = new List<ModuleImage>();
        try
        {
            var dependencies = Sort(main, privates, isModule);
            return new ModulePlan(main, privates, dependencies, folder);
        }
        catch
        {
            main.Dispose();
            privates.ForEach(p => p.Dispose());
            throw;
        }
    }

    private string FoldersText => string.Join(", ", _folders.Select(f => $"'{f.Path}'"));

    private List<string> Sort(ModuleImage main, List<ModuleImage> privates, Func<string, bool> isModule)
    {
        var dependencies = new SortedSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in main.Manifest!.Depends)
        {
            dependencies.Add(isModule(name) || FindFor(main, name) is not null
                ? name
                : throw new HmmException(
                    Errno.ENOENT,
                    $"Module {main.Name} needs module {name}, which is neither loaded nor in {FoldersText}."));
        }

        var missing = new SortedSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { main.Name };
        var open = new Queue<ModuleImage>([main]);
        while (open.TryDequeue(out var image))
        {
            var references = ModuleImageReader.Guard(image.Path, () => image.Metadata.AssemblyReferences().ToList());
            foreach (var name in references)
            {
                if (_shared.Contains(name) || !seen.Add(name))
                {
                    continue;
                }

                if (isModule(name))
                {
                    dependencies.Add(name);
                }
                else if (!IsFramework(name) && !TryAddFile(main, name, dependencies, privates, open))
                {
                    missing.Add(name);
                }
            }
        }

        return missing.Count == 0 ? [.. dependencies] : throw new HmmException(
            Errno.ENOENT,
            $"Module {main.Name} is refused: it references {string.Join(", ", missing)}, which modules cannot see: "
                + $"neither the core, nor a module, nor a file beside '{main.Path}', nor part of .NET.");
    }

    /// <summary>
    /// A reference to a file: another module is a dependency, anything else beside the module is
    /// part of it.
    /// </summary>
    private bool TryAddFile(
        ModuleImage main,
        string name,
        SortedSet<string> dependencies,
        List<ModuleImage> privates,
        Queue<ModuleImage> open)
    {
        var path = FindFor(main, name);
        if (path is null)
        {
            return false;
        }

        var file = _files.Canonicalize(path);
        CheckPath(path, file);
        var image = ModuleImageReader.ReadPrivate(file, _files.Read(file, ModuleImageReader.LengthMaxBytes));
        if (ModuleImageReader.SaysItIsAModule(image))
        {
            image.Dispose();
            dependencies.Add(name);
            return true;
        }

        if (path != Beside(main, name) || privates.Count == PrivatesMax)
        {
            image.Dispose();
            return false;
        }

        privates.Add(image);
        open.Enqueue(image);
        return true;
    }

    private string? Beside(ModuleImage main, string name)
    {
        var path = Path.Combine(Path.GetDirectoryName(main.Path)!, name + ".dll");
        return IsPlainName(name) && _files.Exists(path) ? path : null;
    }

    /// <summary>An assembly can have any name, also one that leads out of the folder when it is made a path.</summary>
    private static bool IsPlainName(string name) => name.Length > 0 && name.IndexOfAny(['/', '\\', '\0']) < 0;

    private bool IsFramework(string name) =>
        IsPlainName(name) && _files.Exists(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), name + ".dll"));

    /// <summary>
    /// A module may come from an allow-listed folder only, over a path in which not everyone can
    /// write.
    /// </summary>
    private ModuleFolder CheckPath(string asked, string file)
    {
        var folder = _folders.FirstOrDefault(f => file.StartsWith(f.Path.TrimEnd('/') + "/", StringComparison.Ordinal))
            ?? throw new HmmException(
                Errno.EACCES, $"Modules may be loaded from {FoldersText} only, and '{asked}' is not there; move it.");
        if (!_files.Exists(file))
        {
            throw new HmmException(Errno.ENOENT, $"The module file '{asked}' does not exist.");
        }

        var parent = Path.GetDirectoryName(file)!;
        for (var path = file; path is not null; path = Path.GetDirectoryName(path))
        {
            // In a sticky folder (/tmp) others can add entries but not exchange one that is there; that is enough for
            // the folders above, not for the one in which a module and its private assemblies are looked up.
            var mode = _files.ModeOf(path);
            var sticky = (mode & UnixFileMode.StickyBit) != 0 && path != file && path != parent;
            if ((mode & WorldWritable) != 0 && !sticky)
            {
                throw new HmmException(
                    Errno.EACCES,
                    $"Module '{asked}' is refused: everyone can write to '{path}'; "
                        + $"run 'chmod o-w {path}'.");
            }
        }

        return folder;
    }
}
