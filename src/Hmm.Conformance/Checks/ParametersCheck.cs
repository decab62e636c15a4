// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

namespace Hmm.Conformance.Checks;

/// <summary>What a driver says about its parameters.</summary>
internal sealed class ParametersCheck : IConformanceCheck
{
    public string Name => "parameters";

    public string Contract => "each parameter has a name, a description, and a default of its own type or none";

    public string Run(DriverUnderTest driver)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var parameter in driver.Declared)
        {
            if (string.IsNullOrWhiteSpace(parameter.Name) || parameter.Name.AsSpan().ContainsAny(",=; ")
                || parameter.Name == "name" || !names.Add(parameter.Name))
            {
                throw new ConformanceException(
                    $"a parameter is named '{parameter.Name}'; a name is unique, is not 'name', and has no space, "
                        + "comma, semicolon or equals sign");
            }

            if (string.IsNullOrWhiteSpace(parameter.Description))
            {
                throw new ConformanceException($"parameter '{parameter.Name}' has no description");
            }

            if (parameter.Default is not null)
            {
                CheckDefault(parameter);
            }
        }

        return $"{driver.Declared.Count} parameters";
    }

    private static void CheckDefault(ParameterInfo parameter)
    {
        try
        {
            _ = ParameterValues.Parse("the driver", [parameter], null);
        }
        catch (HmmException exception)
        {
            throw new ConformanceException($"a default is wrong: {exception.Sentence}", exception);
        }
    }
}
