// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Tests;

/// <summary>Files of the source tree that tests compile.</summary>
internal static class Repository
{
    /// <summary>The folder that holds Directory.Packages.props, upwards from where the tests run.</summary>
    public static string Root { get; } = FindRoot();

    public static string Read(params string[] path) => File.ReadAllText(Path.Combine([Root, .. path]));

    /// <summary>A module's source from the fixtures folder, which the build copies beside the tests.</summary>
    public static string Fixture(string name) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "fixtures", name));

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Directory.Packages.props")))
            {
                return folder;
            }
        }

        throw new DirectoryNotFoundException(
            $"No Directory.Packages.props above {AppContext.BaseDirectory}; run the tests inside the source tree.");
    }
}
