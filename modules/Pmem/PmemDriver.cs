// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Core.Modules;
using Hmm.Pmem;
using Hmm.Uapi;

namespace Hmm.Modules.Pmem;

/// <summary>Makes persistent devices: <c>pmem,file=/var/lib/app.pmem,size=64GiB,keep=4</c>.</summary>
internal sealed class PmemDriver : IDeviceDriver
{
    // As for the block device: an SSD reaches most of its rate with four transfers under way.
    private const string WorkersDefault = "4";
    private const int WorkersMax = 64;

    /// <inheritdoc/>
    public string Name => "pmem";

    /// <inheritdoc/>
    public IReadOnlyList<ParameterInfo> Parameters { get; } =
    [
        new("file", ModuleParameterType.Text, null, "the file, which is made if there is none"),
        new("size", ModuleParameterType.Size, "16GiB", "the size of a file that is made; it is sparse at first"),
        new("keep", ModuleParameterType.Integer, "4", "how many checkpoints of each range a file that is made keeps"),
        new("map", ModuleParameterType.Text, "auto", "map the file: auto (a DAX file only), always or never"),
        new("workers", ModuleParameterType.Integer, WorkersDefault, "how many transfers run at once, 1 to 64"),
    ];

    /// <inheritdoc/>
    public IDriverDevice CreateDevice(string name, ParameterValues parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var workers = parameters.Integer("workers");
        var map = parameters.Text("map");
        if (workers is < 1 or > WorkersMax || map is not ("auto" or "always" or "never"))
        {
            throw new HmmException(
                Errno.EINVAL,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Device '{name}': workers are 1 to {WorkersMax}, not {workers}; map is auto, always or never, ")
                + $"not '{map}'.");
        }

        var file = OpenOrCreate(parameters);
        try
        {
            return new PmemDevice(file, PmemStore.Open(file), map, (int)workers);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static PmemFile OpenOrCreate(ParameterValues parameters)
    {
        var path = parameters.Text("file");
        if (path.Length == 0)
        {
            throw new HmmException(
                Errno.EINVAL, "A persistent device needs a file: give its path, as in pmem,file=/var/lib/app.pmem.");
        }

        try
        {
            return PmemFile.Open(path);
        }
        catch (HmmException exception) when (exception.Errno == Errno.ENOENT)
        {
            var size = parameters.SizeBytes("size") & ~4095UL;
            return PmemFile.Create(path, size, (int)parameters.Integer("keep"), PmemTime.NowNs);
        }
    }
}
