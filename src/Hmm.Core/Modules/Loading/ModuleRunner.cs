// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using Hmm.Uapi;

namespace Hmm.Core.Modules.Loading;

/// <summary>
/// Runs a module's code: creates its entry, calls init and exit under a deadline, undoes what it left.
/// </summary>
/// <remarks>
/// Who cleans up: the thread that ran the module's code, always, so that no undo ever runs beside code that still uses
/// what it undoes. When that thread hangs, only the module's drivers are withdrawn; the rest stays with it.
/// </remarks>
internal sealed class ModuleRunner(ModuleLoaderOptions options, DriverRegistry drivers, TaintLedger taints)
{
    /// <summary>Creates the entry and runs init.</summary>
    /// <exception cref="HmmException">
    /// The errno of the <see cref="HmmException"/> that init threw, or <see cref="Errno.EINVAL"/>
    /// for another exception: everything is undone. <see cref="Errno.ETIMEDOUT"/>: it hangs; the
    /// module is marked failed.
    /// </exception>
    public void Init(LoadedModule module)
    {
        void Call()
        {
            try
            {
                var assembly = module.LoadContext.Load(module.Prepared.Plan.Main.Bytes);
                var type = assembly.ManifestModule.ResolveType(module.Prepared.Plan.Manifest.EntryToken);
                module.Assembly = assembly;
                module.Entry = (IModule)Activator.CreateInstance(type)!;
                module.Entry.Init(module.Context);
            }
            catch
            {
                Unwind(module);
                throw;
            }
        }

        if (!DeadlineCall.TryRun($"init {module.Name}", options.CallDeadline, Call, () => Late(module), out var error))
        {
            Abandon(module, "init");
        }

        if (error is not null)
        {
            var cause = CauseOf(error);
            var errno = cause switch
            {
                HmmException operating => operating.Errno,
                BadImageFormatException or FileLoadException or TypeLoadException => Errno.ENOEXEC,
                _ => Errno.EINVAL,
            };
            throw new HmmException(
                errno,
                $"The init of module {module.Name} failed, and what it had acquired was undone: {cause.Message}",
                error);
        }
    }

    /// <summary>Runs exit and undoes the rest. What exit throws is reported and changes nothing else.</summary>
    /// <exception cref="HmmException"><see cref="Errno.ETIMEDOUT"/>: it hangs; the module is marked failed.</exception>
    public void Exit(LoadedModule module)
    {
        void Call()
        {
            try
            {
                module.Entry!.Exit();
            }
            finally
            {
                Unwind(module);
            }
        }

        if (!DeadlineCall.TryRun($"exit {module.Name}", options.CallDeadline, Call, () => Late(module), out var error))
        {
            Abandon(module, "exit");
        }

        if (error is not null)
        {
            Warn(module.Name, $"Its exit failed, and it was unloaded all the same: {error.Message}");
        }
    }

    /// <summary>
    /// The runtime wraps what a constructor or a static initialiser throws, and wraps it twice
    /// where both apply.
    /// </summary>
    private static Exception CauseOf(Exception error)
    {
        while (error is TargetInvocationException or TypeInitializationException && error.InnerException is { } inner)
        {
            error = inner;
        }

        return error;
    }

    private void Abandon(LoadedModule module, string call)
    {
        module.Fail();
        module.Context.Undo.Close();
        drivers.RemoveAll(module.Name);
        var message = $"The {call} of module {module.Name} did not return within "
            + $"{options.CallDeadline.TotalSeconds:0.###} s; "
            + "its drivers were withdrawn and its thread was abandoned. Restart the host to be rid of it.";
        Warn(module.Name, message);
        throw new HmmException(Errno.ETIMEDOUT, message);
    }

    private void Late(LoadedModule module)
    {
        Unwind(module);
        module.ThreadEnded();
        options.Log($"{module.Name}: the abandoned call has returned; the module can be unloaded now.");
    }

    private void Unwind(LoadedModule module)
    {
        foreach (var failure in module.Context.Undo.Unwind())
        {
            Warn(module.Name, failure);
        }
    }

    private void Warn(string module, string message)
    {
        taints.Add(Taint.Warning, module, message);
        options.Log($"{module}: {message}");
    }
}
