// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>A parameter of a module or of a driver's devices.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What its text must be.</param>
/// <param name="Default">The value where none is given; null makes it mandatory.</param>
/// <param name="Description">One line for people.</param>
[ExportSymbol]
public sealed record ParameterInfo(string Name, ModuleParameterType Type, string? Default, string Description);
