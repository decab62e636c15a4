// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;
using Hmm.Uapi;

namespace Hmm.Connection;

/// <summary>Finds the host's program, and what runs it.</summary>
internal static class HostLocator
{
    /// <summary>The environment variable that names the host's program.</summary>
    public const string Variable = "HMM_HOST";

    private const string HostDll = "Hmm.Host.dll";

    /// <summary>The command that starts a host: a program and its first arguments.</summary>
    /// <param name="hostPath">What the application asked for, or null.</param>
    /// <exception cref="HmmException">
    /// ENOENT: there is none; the sentence names every place.
    /// </exception>
    public static (string Program, string[] Arguments) Find(string? hostPath)
    {
        var path = FindHost(hostPath);
        return Path.GetExtension(path).Equals(".dll", StringComparison.OrdinalIgnoreCase)
            ? (FindDotnet(), ["exec", path])
            : (path, []);
    }

    private static string FindHost(string? hostPath)
    {
        if (hostPath is not null)
        {
            return Existing(hostPath, $"HmmHostOptions.{nameof(HmmHostOptions.HostPath)}");
        }

        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } variable)
        {
            return Existing(variable, $"the environment variable {Variable}");
        }

        var folder = AppContext.BaseDirectory;
        string[] places = [Path.Combine(folder, "hmm-host", HostDll), Path.Combine(folder, HostDll)];
        return Array.Find(places, File.Exists) ?? throw new HmmException(
            Errno.ENOENT,
            $"No Hmm host was found at {places[0]} or {places[1]}; put it there, or name it in HmmHostOptions."
            + $"{nameof(HmmHostOptions.HostPath)} or the environment variable {Variable}.");
    }

    private static string Existing(string path, string source) => File.Exists(path)
        ? Path.GetFullPath(path)
        : throw new HmmException(Errno.ENOENT, $"There is no Hmm host at '{path}', which {source} names; correct it.");

    /// <summary>
    /// The `dotnet` of the runtime that runs this process, else the first on the PATH.
    /// </summary>
    private static string FindDotnet()
    {
        // DOTNET_ROOT/shared/Microsoft.NETCore.App/VERSION/
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':').Prepend(root);
        foreach (var folder in folders)
        {
            var path = Path.Combine(folder, "dotnet");
            if (folder.Length > 0 && File.Exists(path))
            {
                return path;
            }
        }

        throw new HmmException(
            Errno.ENOENT,
            $"No `dotnet` was found in {root} or on the PATH to run the Hmm host with; install the .NET 10 runtime, or "
            + "publish the host as an executable and name that.");
    }
}
