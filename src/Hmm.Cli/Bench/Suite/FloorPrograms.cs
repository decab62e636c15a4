// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Hmm.Cli.Bench.Suite;

/// <summary>The compiled C programs of <c>bench/floor</c>.</summary>
/// <param name="Folder">Where they are; empty: nowhere.</param>
internal sealed record FloorPrograms(string Folder)
{
    /// <summary>Why a line that needs one is not measured.</summary>
    internal const string Missing = "no --floor DIR was given";

    internal bool Exist => Folder.Length > 0;

    /// <summary>Runs one and returns the line that it prints.</summary>
    /// <param name="program">Its name.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="cpu">The processor to keep it on; null: any.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="CommandException">It failed.</exception>
    internal async Task<JsonDocument> RunAsync(
        string program, string[] arguments, int? cpu, CancellationToken cancellation)
    {
        var path = Path.Combine(Folder, program);
        var start = cpu is { } number
            ? new ProcessStartInfo(
                "taskset", ["-c", number.ToString(CultureInfo.InvariantCulture), path, .. arguments])
            : new ProcessStartInfo(path, arguments);
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(cancellation).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        return process.ExitCode == 0
            ? JsonDocument.Parse(output)
            : throw new CommandException(ExitCode.Failed, $"{path} failed; what it wrote above says why");
    }
}
