// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Cli.Bench.Spaces;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Cli.Bench.Comparing;

/// <summary>
/// The swap that a target pages to, on from construction until it is disposed: a swap file, one with zswap before it,
/// or a zram device. Undone newest first, also when the next step of setting up fails.
/// </summary>
internal sealed class SwapSetup : IDisposable
{
    private const string ZswapEnabled = "/sys/module/zswap/parameters/enabled";
    private const string Zram = "/sys/block/zram0/";
    private readonly Stack<Action> _undo = []; // owner thread

    private SwapSetup()
    {
    }

    /// <summary>Finds out whether a target can be had, and leaves everything as it was.</summary>
    /// <exception cref="CommandException">It cannot be had here; the sentence says why.</exception>
    internal static void Try(BenchTarget target, string folder, long bytes) => For(target, folder, bytes).Dispose();

    /// <summary>Sets up what a target needs; nothing for most.</summary>
    /// <param name="target">The target.</param>
    /// <param name="folder">Where a swap file goes.</param>
    /// <param name="bytes">How much must fit.</param>
    /// <exception cref="CommandException">It cannot be had here; the sentence says why.</exception>
    internal static SwapSetup For(BenchTarget target, string folder, long bytes)
    {
        if (target == BenchTarget.Anon && SystemInfo.SwapTotalBytes < (ulong)bytes)
        {
            throw new CommandException(
                ExitCode.Unsupported,
                $"anonymous memory needs {ByteSize.Format(bytes)} of swap and this machine has "
                    + $"{ByteSize.Format(SystemInfo.SwapTotalBytes)}; use 'swap', which makes a swap file (as root)");
        }

        var setup = new SwapSetup();
        try
        {
            switch (target)
            {
                case BenchTarget.Zram:
                    setup.EnableZram(bytes);
                    break;
                case BenchTarget.Zswap:
                    setup.EnableZswap();
                    setup.EnableFile(folder, bytes);
                    break;
                case BenchTarget.Swap:
                    setup.EnableFile(folder, bytes);
                    break;
                default:
                    break;
            }

            return setup;
        }
        catch (Exception exception)
            when (exception is (IOException and not HmmException) or UnauthorizedAccessException)
        {
            setup.Dispose();
            throw new CommandException(
                ExitCode.Unsupported,
                $"'{target.Name()}' cannot be set up: {exception.Message.TrimEnd('.')}; run as root, or leave it out",
                exception);
        }
        catch
        {
            setup.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_undo.TryPop(out var undo))
        {
            undo();
        }
    }

    private void EnableFile(string folder, long bytes)
    {
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"hmm-bench-{bytes}.swap"));
        using (var file = File.OpenHandle(
            path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, preallocationSize: bytes))
        {
            _undo.Push(() => File.Delete(path));
            RandomAccess.SetLength(file, bytes);
        }

        if (OperatingSystem.IsLinux())
        {
            // It will hold memory: nobody else may read it.
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        _undo.Push(SwapArea.Enable(path, (ulong)bytes).Dispose);
    }

    private void EnableZswap()
    {
        var before = File.ReadAllText(ZswapEnabled);
        File.WriteAllText(ZswapEnabled, "Y");
        _undo.Push(() => File.WriteAllText(ZswapEnabled, before));
    }

    private void EnableZram(long bytes)
    {
        if (File.ReadAllText(Zram + "disksize").Trim() != "0")
        {
            throw new CommandException(
                ExitCode.Busy, "zram0 is in use; take it out of use (swapoff, zramctl --reset), or leave 'zram' out");
        }

        File.WriteAllText(Zram + "comp_algorithm", "lz4");
        _undo.Push(() => File.WriteAllText(Zram + "reset", "1"));
        File.WriteAllText(Zram + "disksize", bytes.ToString(CultureInfo.InvariantCulture));
        _undo.Push(SwapArea.Enable("/dev/zram0", (ulong)bytes).Dispose);
    }
}
