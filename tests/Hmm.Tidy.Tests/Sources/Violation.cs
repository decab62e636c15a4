// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Tidy.Tests.Sources;

/// <summary>A place where a rule does not hold.</summary>
/// <param name="Path">The file, from the repository's root.</param>
/// <param name="Line">The line, from 1; 0 for the file as a whole.</param>
/// <param name="Text">What is wrong, and what to do instead.</param>
public sealed record Violation(string Path, int Line, string Text)
{
    /// <inheritdoc/>
    public override string ToString() => Line > 0 ? $"{Path}:{Line}: {Text}" : $"{Path}: {Text}";
}
