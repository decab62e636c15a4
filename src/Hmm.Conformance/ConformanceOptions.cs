// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance;

/// <summary>What is run, and how.</summary>
internal sealed record ConformanceOptions
{
    /// <summary>The size of a device that nobody gave one: small enough to fill it.</summary>
    public const string SizeDefault = "16MiB";

    /// <summary>The driver's assembly.</summary>
    public required string Path { get; init; }

    /// <summary>Which driver, where the module offers several; null: the only one.</summary>
    public string? Driver { get; init; }

    /// <summary>What its devices are told, as text.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();

    /// <summary>Modules that are loaded before, by path: those that it stands on.</summary>
    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>The names of the checks to run; empty: all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Decides what is written where, and in which order.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Operations of each thread of the checks that run random ones.</summary>
    public int Operations { get; init; } = 300;

    /// <summary>
    /// How long a hook or a copy may take: 10 seconds, as long as the host gives an I/O before it calls it lost.
    /// </summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one whole check may take.</summary>
    public TimeSpan CheckDeadline { get; init; } = TimeSpan.FromMinutes(2);
}
