// SPDX-License-Identifier: MIT
namespace Hmm;

/// <summary>A parameter of a module.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type"><c>text</c>, <c>integer</c>, <c>boolean</c> or <c>size</c>.</param>
/// <param name="Default">The value where none is given; empty if it must be given.</param>
/// <param name="Description">One line for people.</param>
public sealed record HmmModuleParameter(string Name, string Type, string Default, string Description);
