// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>
/// A device as people write it: <c>DRIVER[,name=NAME][,PARAMETER=VALUE]...</c>, for example
/// <c>block,folder=/var/tmp,size=64GiB</c>.
/// </summary>
/// <param name="Driver">The driver.</param>
/// <param name="Name">The device's name, or null for the driver's name and a number.</param>
/// <param name="Parameters">What the driver is told.</param>
internal sealed record DeviceSpecification(string Driver, string? Name, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>
    /// Reads several in one text, as <c>compressed,memory=1GiB,block</c>: a part without a value begins the next one.
    /// </summary>
    /// <exception cref="HmmException">As <see cref="Parse"/>.</exception>
    public static IEnumerable<DeviceSpecification> ParseAll(string text)
    {
        var parts = text.Split(',');
        for (var first = 0; first < parts.Length;)
        {
            var end = Array.FindIndex(
                parts, first + 1, static part => !part.Contains('=', StringComparison.Ordinal) && part.Length > 0);
            end = end < 0 ? parts.Length : end;
            yield return Parse(string.Join(',', parts[first..end]));
            first = end;
        }
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="HmmException">EINVAL: a part is not PARAMETER=VALUE, or a parameter is given twice.</exception>
    public static DeviceSpecification Parse(string text)
    {
        var (driver, parameters) = SpecificationText.Parse("Device", text, "block,folder=/var/tmp,size=64GiB");
        parameters.Remove("name", out var name);
        return new DeviceSpecification(driver, name, parameters);
    }

    /// <summary>The parameters as text.</summary>
    public string Detail =>
        string.Join(',', Parameters.Select(static parameter => $"{parameter.Key}={parameter.Value}"));
}
