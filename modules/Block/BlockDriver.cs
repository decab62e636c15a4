// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Block;

/// <summary>Makes block devices: <c>block,folder=/var/tmp,size=64GiB,workers=4</c>.</summary>
internal sealed class BlockDriver : IDeviceDriver
{
    // An SSD reaches most of its rate with four 256 KiB transfers under way; more threads only compete for the cores.
    private const string WorkersDefault = "4";

    /// <inheritdoc/>
    public string Name => "block";

    /// <inheritdoc/>
    public IReadOnlyList<ParameterInfo> Parameters { get; } =
    [
        new("folder", ModuleParameterType.Text, Path.GetTempPath(), "the folder whose file system gives the room"),
        new("size", ModuleParameterType.Size, "16GiB", "the size of the file, which is sparse until pages arrive"),
        new("workers", ModuleParameterType.Integer, WorkersDefault, "how many transfers run at once, 1 to 64"),
    ];

    /// <inheritdoc/>
    public IDriverDevice CreateDevice(string name, ParameterValues parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var size = parameters.SizeBytes("size") & ~4095UL;
        var workers = parameters.Integer("workers");
        if (size is 0 or > long.MaxValue || workers is < 1 or > 64)
        {
            throw new HmmException(
                Errno.EINVAL, $"Device {name}: size must be 4 KiB to 8 EiB, and workers must be 1 to 64.");
        }

        return new BlockDevice(
            FileIo.CreateScratch(parameters.Text("folder"), size, (int)workers));
    }
}
