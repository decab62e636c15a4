// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Uapi;

namespace Hmm.Modules.Null;

/// <summary>Makes null devices: <c>null,size=1TiB</c>.</summary>
internal sealed class NullDriver : IDeviceDriver
{
    /// <inheritdoc/>
    public string Name => "null";

    /// <inheritdoc/>
    public IReadOnlyList<ParameterInfo> Parameters { get; } =
    [
        new("size", ModuleParameterType.Size, "16GiB", "how many bytes of zeros it may hold; it takes no memory"),
    ];

    /// <inheritdoc/>
    public IDriverDevice CreateDevice(string name, ParameterValues parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var size = parameters.SizeBytes("size");
        return size > 0 && size % Pfn.SizeBytes == 0
            ? new NullDevice(size)
            : throw new HmmException(
                Errno.EINVAL,
                $"Device {name} cannot have {size} bytes: use a multiple of {Pfn.SizeBytes} above 0.");
    }
}
