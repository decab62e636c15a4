// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Uapi;

namespace Hmm.Core.Modules;

/// <summary>
/// Checked values of declared parameters. Whoever holds one can rely on it: every declared parameter has a value of
/// its type, and there are no others.
/// </summary>
/// <remarks>Thread-safety: immutable.</remarks>
[ExportSymbol]
public sealed class ParameterValues
{
    private readonly Dictionary<string, object> _values; // Guarded by: immutable

    private ParameterValues(Dictionary<string, object> values)
    {
        _values = values;
    }

    /// <summary>Checks given texts against the declared parameters and fills in defaults.</summary>
    /// <param name="owner">Who declares them, for messages: "module Block", "driver block".</param>
    /// <param name="declared">The declared parameters.</param>
    /// <param name="given">The given values as text, by name; null for none.</param>
    /// <returns>A value for every declared parameter.</returns>
    /// <exception cref="HmmException">
    /// <see cref="Errno.EINVAL"/>: an unknown or missing parameter, or text that is not of the declared type.
    /// </exception>
    public static ParameterValues Parse(
        string owner, IReadOnlyList<ParameterInfo> declared, IReadOnlyDictionary<string, string>? given)
    {
        ArgumentNullException.ThrowIfNull(declared);
        foreach (var name in given?.Keys ?? [])
        {
            if (!declared.Any(p => p.Name == name))
            {
                var known = declared.Count == 0
                    ? "it has none"
                    : "it has " + string.Join(", ", declared.Select(p => p.Name));
                throw new HmmException(Errno.EINVAL, $"{Capital(owner)} has no parameter '{name}'; {known}.");
            }
        }

        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var parameter in declared)
        {
            var text = given is not null && given.TryGetValue(parameter.Name, out var set) ? set : parameter.Default;
            if (text is null)
            {
                throw new HmmException(
                    Errno.EINVAL, $"{Capital(owner)} needs a value for '{parameter.Name}': {parameter.Description}.");
            }

            if (!TryParse(parameter.Type, text, out var value))
            {
                throw new HmmException(
                    Errno.EINVAL,
                    $"{Capital(owner)}: '{parameter.Name}' must be {Shape(parameter.Type)}, and '{text}' is not.");
            }

            values[parameter.Name] = value;
        }

        return new ParameterValues(values);
    }

    /// <summary>The value of a <see cref="ModuleParameterType.Text"/> parameter.</summary>
    /// <exception cref="ArgumentException">No such parameter of that type is declared.</exception>
    public string Text(string name) => Get<string>(name);

    /// <summary>The value of an <see cref="ModuleParameterType.Integer"/> parameter.</summary>
    /// <exception cref="ArgumentException">No such parameter of that type is declared.</exception>
    public long Integer(string name) => Get<long>(name);

    /// <summary>The value of a <see cref="ModuleParameterType.Boolean"/> parameter.</summary>
    /// <exception cref="ArgumentException">No such parameter of that type is declared.</exception>
    public bool Boolean(string name) => Get<bool>(name);

    /// <summary>The value of a <see cref="ModuleParameterType.Size"/> parameter, in bytes.</summary>
    /// <exception cref="ArgumentException">No such parameter of that type is declared.</exception>
    public ulong SizeBytes(string name) => Get<ulong>(name);

    private T Get<T>(string name) => _values.TryGetValue(name, out var value) && value is T typed
        ? typed
        : throw new ArgumentException($"No {typeof(T).Name} parameter '{name}' is declared.", nameof(name));

    private static bool TryParse(ModuleParameterType type, string text, out object value)
    {
        value = text;
        switch (type)
        {
            case ModuleParameterType.Integer:
                var isInteger = long.TryParse(
                    text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer);
                value = integer;
                return isInteger;
            case ModuleParameterType.Boolean:
                value = text is "true" or "yes";
                return text is "true" or "false" or "yes" or "no";
            case ModuleParameterType.Size:
                var isSize = ByteSize.TryParse(text, out var size);
                value = size;
                return isSize;
            default:
                return type == ModuleParameterType.Text;
        }
    }

    private static string Shape(ModuleParameterType type) => type switch
    {
        ModuleParameterType.Integer => "a whole number",
        ModuleParameterType.Boolean => "true or false (yes or no)",
        ModuleParameterType.Size => "a size such as 4096, 64MiB or 2GiB",
        _ => "text",
    };

    /// <summary>An owner at the beginning of a sentence.</summary>
    private static string Capital(string owner) =>
        owner.Length == 0 ? owner : char.ToUpperInvariant(owner[0]) + owner[1..];
}
