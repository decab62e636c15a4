// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Runtime.InteropServices;

namespace Hmm.System.Tests.Support;

// Where things are, and how long the long ones take.
internal static class Runs
{
    // Set it to a few seconds while developing; the soaks of a full run take 60 s each.
    internal const string SoakSecondsVariable = "HMM_TEST_SOAK_SECONDS";

    internal static string DotnetPath =>
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));

    internal static string HostPath => Path.Combine(AppContext.BaseDirectory, "Hmm.Host.dll");

    internal static TimeSpan SoakTime { get; } =
        Environment.GetEnvironmentVariable(SoakSecondsVariable) is { Length: > 0 } text
            ? TimeSpan.FromSeconds(double.Parse(text, CultureInfo.InvariantCulture))
            : TimeSpan.FromSeconds(60);

    // For a soak that also has to fit a run that somebody waits for; the variable makes it as long as the others.
    internal static TimeSpan ShortSoakTime { get; } =
        Environment.GetEnvironmentVariable(SoakSecondsVariable) is { Length: > 0 }
            ? SoakTime
            : TimeSpan.FromSeconds(8);

    internal static TimeSpan Limit => TimeSpan.FromSeconds(60);
}
