// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using Hmm.Core.Modules;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>Loads every module of a folder.</summary>
internal static class ModuleFolder
{
    /// <summary>Loads and starts the modules, by name.</summary>
    /// <exception cref="HmmException">ENOENT: the folder is missing. And what a module says.</exception>
    public static void Load(string folder, DriverRegistry drivers)
    {
        if (!Directory.Exists(folder))
        {
            throw new HmmException(Errno.ENOENT, $"The module folder \"{folder}\" does not exist; reinstall, or name another with --modules.");
        }

        foreach (var path in Directory.GetFiles(folder, "Hmm.Modules.*.dll").Order(StringComparer.Ordinal))
        {
            var assembly = Assembly.LoadFrom(path);
            var entry = assembly.GetExportedTypes().Single(static type => type.IsAssignableTo(typeof(IModule)));
            var name = assembly.GetName().Name!;
            var context = new ModuleContext(name, ParameterValues.Parse(name, [], null), drivers, static line => Console.Error.WriteLine(line));
            ((IModule)Activator.CreateInstance(entry)!).Init(context);
        }
    }
}
