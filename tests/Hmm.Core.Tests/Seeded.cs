// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Xunit.Sdk;

namespace Hmm.Core.Tests;

/// <summary>Runs a randomised test so that a failure names the seed and how to replay it.</summary>
internal static class Seeded
{
    private const string Variable = "HMM_TEST_SEED";

    /// <summary>
    /// Runs the body with seeds first, first + 1, ...; with HMM_TEST_SEED set, with that seed
    /// alone.
    /// </summary>
    public static void Run(int first, int runs, Action<Random> body)
    {
        var fromEnvironment = Environment.GetEnvironmentVariable(Variable);
        if (fromEnvironment is not null)
        {
            (first, runs) = (int.Parse(fromEnvironment, CultureInfo.InvariantCulture), 1);
        }

        for (var seed = first; seed < first + runs; seed++)
        {
            try
            {
                body(new Random(seed));
            }
            catch (Exception exception)
            {
                throw new XunitException(
                    $"seed {seed} fails; replay: {Variable}={seed} dotnet test --filter <this test>",
                    exception);
            }
        }
    }
}
