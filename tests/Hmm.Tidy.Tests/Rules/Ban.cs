// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Tidy.Tests.Rules;

/// <summary>A piece of code that the house does not use.</summary>
/// <param name="Code">
/// Its tokens, as written; they match only whole tokens, never comments or strings.
/// </param>
/// <param name="Where">The folders it is banned from, each a prefix of a path.</param>
/// <param name="Instead">What to use, and why.</param>
public sealed record Ban(string Code, string[] Where, string Instead);
