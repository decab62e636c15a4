// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Block;

/// <summary>
/// Makes block devices: <c>block,folder=/var/tmp,size=64GiB</c> in a scratch file, <c>block,path=/dev/nvme1n1</c> on
/// what has a path.
/// </summary>
internal sealed class BlockDriver : IDeviceDriver
{
    // An SSD reaches most of its rate with four 256 KiB transfers under way; more threads only compete for the cores.
    private const string WorkersDefault = "4";

    // A place has 32 bits.
    private const ulong FileBytesMax = (ulong)PlaceWord.PlacesMax << 12;

    private readonly Action<string> _log; // immutable

    public BlockDriver(Action<string> log)
    {
        _log = log;
    }

    /// <inheritdoc/>
    public string Name => "block";

    /// <inheritdoc/>
    public IReadOnlyList<ParameterInfo> Parameters { get; } =
    [
        new("folder", ModuleParameterType.Text, Path.GetTempPath(), "the folder whose file system gives the room"),
        new("path", ModuleParameterType.Text, "", "an existing file or block device to use instead of a folder"),
        new("size", ModuleParameterType.Size, "16GiB",
            "how much it may hold; its sparse file is a quarter larger; a block device's own size is the limit"),
        new("force", ModuleParameterType.Boolean, "false", "overwrite what the path holds, whosever it is"),
        new("encrypt", ModuleParameterType.Boolean, "false", "AES-256-GCM with a key that ends with the host"),
        new("io_uring", ModuleParameterType.Boolean, "true", "use io_uring where it and O_DIRECT are to be had"),
        new("workers", ModuleParameterType.Integer, WorkersDefault,
            "without io_uring: how many transfers run at once, 1 to 64"),
    ];

    /// <inheritdoc/>
    public IDriverDevice CreateDevice(string name, ParameterValues parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var workers = parameters.Integer("workers");
        if (workers is < 1 or > FileIo.WorkersMax)
        {
            throw Invalid(name, $"workers must be 1 to {FileIo.WorkersMax}");
        }

        var size = parameters.SizeBytes("size") & ~4095UL;
        if (size == 0 || size > LogSize.FrameBytesOf(FileBytesMax))
        {
            throw Invalid(name, $"size must be 4 KiB to {LogSize.FrameBytesOf(FileBytesMax) >> 40} TiB");
        }

        var file = Open(name, parameters, (int)workers, ref size);
        try
        {
            return new BlockDevice(name, file, size, parameters.Boolean("encrypt"), _log);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static BlockFile Open(string name, ParameterValues parameters, int workers, ref ulong size)
    {
        var ring = parameters.Boolean("io_uring");
        var path = parameters.Text("path");
        if (path.Length == 0)
        {
            var folder = parameters.Text("folder");
            return new BlockFile(
                FileIo.CreateScratch(folder, LogSize.FileBytesFor(size), workers, ring), folder, 0, workers);
        }

        // Whose it is is found out before it is made longer.
        var isFile = File.Exists(path);
        var force = parameters.Boolean("force");
        if (isFile && new FileInfo(path).Length > 0)
        {
            using var asItIs = FileIo.OpenPath(path, 0, 1, ring: false);
            Label.Claim(asItIs, path, force);
        }

        var wanted = isFile ? Label.RoomBytes + LogSize.FileBytesFor(size) : 0;
        var file = FileIo.OpenPath(path, wanted, workers, ring);
        try
        {
            var length = Math.Min(file.LengthBytes, FileBytesMax);
            if (length < Label.RoomBytes + LogSize.FileBytesMin)
            {
                throw Invalid(
                    name, $"\"{path}\" must have at least {(Label.RoomBytes + LogSize.FileBytesMin) >> 20} MiB");
            }

            Label.Claim(file, path, force);
            size = Math.Min(size, LogSize.FrameBytesOf(length - Label.RoomBytes));
            return new BlockFile(file, path, Label.RoomBytes, workers);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static HmmException Invalid(string name, string rule) => new(Errno.EINVAL, $"Device '{name}': {rule}.");
}
