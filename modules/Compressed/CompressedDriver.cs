// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Compressed;

/// <summary>Makes compressed devices: <c>compressed,memory=1GiB,algorithm=lz4</c>.</summary>
internal sealed class CompressedDriver : IDeviceDriver
{
    // An object's header has 32 bits for its frame.
    private const ulong SizeBytesMax = (ulong)uint.MaxValue << Pfn.Shift;
    private const long WorkersMax = 16;

    // Beyond that the pages come from the one thread that gathers them.
    private const int WorkersDefaultMax = 4;

    private readonly Action<string> _log; // immutable

    public CompressedDriver(Action<string> log)
    {
        _log = log;
    }

    /// <inheritdoc/>
    public string Name => "compressed";

    /// <inheritdoc/>
    public IReadOnlyList<ParameterInfo> Parameters { get; } =
    [
        new("memory", ModuleParameterType.Size, "256MiB",
            "the DRAM that compressed pages may take, beyond the budget of ranges"),
        new("size", ModuleParameterType.Size, "16GiB", "how much it may hold as counted before compression"),
        new("algorithm", ModuleParameterType.Text, "lz4",
            "lz4, zstd (fewer bytes, slower), or none: pages of one word only"),
        new("level", ModuleParameterType.Integer, "1", "as in the lz4 and zstd programs: lz4 -64 to 12, zstd -7 to 19"),
        new("workers", ModuleParameterType.Integer, $"{Math.Min(SystemInfo.ProcessorCount, WorkersDefaultMax)}",
            "threads that compress, 0 to 16, as needed; 0 leaves it to the thread that evicts"),
    ];

    /// <inheritdoc/>
    public IDriverDevice CreateDevice(string name, ParameterValues parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var size = parameters.SizeBytes("size") & ~(Pfn.SizeBytes - 1UL);
        if (size is 0 or > SizeBytesMax)
        {
            throw Invalid(name, $"size must be 4 KiB to {SizeBytesMax >> 40} TiB");
        }

        var memory = parameters.SizeBytes("memory");
        if (memory < ObjectStore.MemoryBytesMin || memory > SystemInfo.TotalMemoryBytes)
        {
            throw Invalid(name, $"memory must be 1 MiB to this machine's {SystemInfo.TotalMemoryBytes >> 20} MiB");
        }

        var workers = parameters.Integer("workers");
        if (workers is < 0 or > WorkersMax)
        {
            throw Invalid(name, $"workers must be 0 to {WorkersMax}");
        }

        var codec = OpenCodec(name, parameters.Text("algorithm"), parameters.Integer("level"));
        try
        {
            return new CompressedDevice(size, memory, codec, (int)workers);
        }
        catch
        {
            codec?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens the codec. Without its library the device keeps pages of one word and turns down all others, so that they
    /// go to the next device.
    /// </summary>
    private Codec? OpenCodec(string name, string algorithm, long level)
    {
        var levelOrEnd = (int)Math.Clamp(level, int.MinValue, int.MaxValue);
        try
        {
            return algorithm switch
            {
                "lz4" => Lz4Codec.Open(levelOrEnd),
                "zstd" => ZstdCodec.Open(levelOrEnd),
                "none" => null,
                _ => throw Invalid(name, $"algorithm must be lz4, zstd or none, and '{algorithm}' is not"),
            };
        }
        catch (HmmException exception) when (exception.Errno == Errno.ENOENT)
        {
            _log($"device '{name}' compresses nothing, and pages go to the next device: {exception.Message}");
            return null;
        }
    }

    private static HmmException Invalid(string name, string rule) => new(Errno.EINVAL, $"Device '{name}': {rule}.");
}
