// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Uapi;

namespace Hmm.Modules.Flaky;

/// <summary>Makes flaky devices: <c>flaky,over=block,with=folder=/tmp;size=1GiB,read_errors=5</c>.</summary>
internal sealed class FlakyDriver : IDeviceDriver
{
    private readonly ModuleContext _context; // immutable
    private readonly long _seed; // immutable

    public FlakyDriver(ModuleContext context)
    {
        _context = context;
        _seed = context.Parameters.Integer("seed");
    }

    /// <inheritdoc/>
    public string Name => "flaky";

    /// <inheritdoc/>
    public IReadOnlyList<ParameterInfo> Parameters { get; } =
    [
        new("over", ModuleParameterType.Text, "memory", "the driver whose device it stands on; its module is loaded"),
        new("with", ModuleParameterType.Text, "size=64MiB", "that driver's parameters, with ';' between them"),
        new("seed", ModuleParameterType.Integer, "0", "decides what fails and what is late; 0: the module's seed"),
        new("read_errors", ModuleParameterType.Integer, "10", "segments of 1000 that cannot be read"),
        new("write_errors", ModuleParameterType.Integer, "10", "segments of 1000 that cannot be written"),
        new("refuse", ModuleParameterType.Integer, "10", "frames of 1000 that it turns down"),
        new("delay_us", ModuleParameterType.Integer, "1000", "the longest that a segment waits, in microseconds"),
        new("read_stalls", ModuleParameterType.Integer, "0", "reads of 1000 that stall, and then succeed"),
        new("write_stalls", ModuleParameterType.Integer, "0", "writes of 1000 that stall, and then succeed"),
        new("stall_ms", ModuleParameterType.Integer, "15000", "how long those wait, in milliseconds"),
    ];

    /// <inheritdoc/>
    public IDriverDevice CreateDevice(string name, ParameterValues parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var options = FlakyOptions.Of(name, parameters, _seed);
        var below = _context.CreateDevice(parameters.Text("over"), name, Below(name, parameters.Text("with")));
        return new FlakyDevice(below, options, name);
    }

    private static Dictionary<string, string> Below(string name, string text)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !parameters.TryAdd(part[..equals], part[(equals + 1)..]))
            {
                throw new HmmException(
                    Errno.EINVAL,
                    $"Device {name}: '{part}' in 'with' must be PARAMETER=VALUE, each once, as in "
                        + "size=64MiB;workers=2.");
            }
        }

        return parameters;
    }
}
