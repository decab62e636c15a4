// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Physical;

namespace Hmm.Conformance.Checks;

/// <summary>Values that have the right type and make no sense, one parameter at a time.</summary>
internal sealed class BadValuesCheck : IConformanceCheck
{
    private static readonly string[] s_sizes =
        ["0", "1", "4095", "4097", "2047TiB", "9223372036854775808", "18446744073709547520", "18446744073709551615"];

    private static readonly string[] s_integers =
        ["-9223372036854775808", "-1", "0", "1000000000", "9223372036854775807"];

    private static readonly string[] s_texts = ["", " ", "/no/such/folder", "no-such-thing", new string('x', 5000)];

    public string Name => "bad-values";

    public string Contract => "a device that cannot be is refused with an errno and a sentence, and nothing else";

    public string Run(DriverUnderTest driver)
    {
        // A text may be the name of a file that the driver makes: in a folder that goes, not in somebody's own.
        var before = Environment.CurrentDirectory;
        var folder = Directory.CreateTempSubdirectory("hmm-conformance-");
        Environment.CurrentDirectory = folder.FullName;
        try
        {
            return TryAll(driver);
        }
        finally
        {
            Environment.CurrentDirectory = before;
            folder.Delete(recursive: true);
        }
    }

    private static string TryAll(DriverUnderTest driver)
    {
        var refused = 0;
        var made = 0;
        foreach (var parameter in driver.Declared)
        {
            foreach (var value in ValuesOf(parameter.Type))
            {
                if (IsRefused(driver, parameter.Name, value))
                {
                    refused++;
                }
                else
                {
                    made++;
                }
            }
        }

        return $"{refused} refused, {made} made and removed";
    }

    private static string[] ValuesOf(ModuleParameterType type) => type switch
    {
        ModuleParameterType.Size => s_sizes,
        ModuleParameterType.Integer => s_integers,
        ModuleParameterType.Text => s_texts,
        _ => ["true", "false"],
    };

    private static bool IsRefused(DriverUnderTest driver, string parameter, string value)
    {
        var parameters = new Dictionary<string, string>(driver.Parameters, StringComparer.Ordinal)
        {
            [parameter] = value,
        };
        var what = $"{parameter}={(value.Length > 40 ? value[..40] + "..." : value)}";
        using var lease = driver.Acquire("conformance0");
        IDriverDevice device;
        try
        {
            var values = ParameterValues.Parse("driver " + driver.Name, lease.Driver.Parameters, parameters);
            device = lease.Driver.CreateDevice("conformance0", values);
        }
        catch (HmmException exception)
        {
            return exception.Errno != Errno.None && exception.Sentence.Contains(' ', StringComparison.Ordinal)
                ? true
                : throw new ConformanceException($"{what} is refused without an errno or without a sentence");
        }
        catch (Exception exception) when (exception is not ConformanceException)
        {
            throw new ConformanceException(
                $"creating a device with {what} threw {exception.GetType().Name}: {exception.Message}; throw an "
                    + "HmmException with an errno and a sentence",
                exception);
        }

        // Not attached: a page map of an absurd size would show nothing about the driver.
        var size = device.SizeBytes;
        Guard.Run($"disposing a device with {what}", driver.Options.Deadline, device.Dispose);
        return size > 0 && size % Pfn.SizeBytes == 0
            ? false
            : throw new ConformanceException($"a device with {what} has {size} bytes; refuse it, or round it");
    }
}
