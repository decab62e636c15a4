// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance;

/// <summary>One clause of the contract, and how it is checked.</summary>
internal interface IConformanceCheck
{
    /// <summary>Its name: lower case, dashes.</summary>
    string Name { get; }

    /// <summary>What the driver must do.</summary>
    string Contract { get; }

    /// <summary>Checks it.</summary>
    /// <returns>What was counted, for people.</returns>
    /// <exception cref="ConformanceException">The driver broke it.</exception>
    string Run(DriverUnderTest driver);
}
