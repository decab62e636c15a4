// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Metadata;

/// <summary>The signature of a method or field as text.</summary>
/// <param name="Parameters">"(A,B)" for a method, with "``n" in front where it is generic; empty for a field.</param>
/// <param name="ReturnType">The return type of a method, or the type of a field.</param>
/// <param name="Convention">"static", "instance" and other calling conventions; empty for a field.</param>
internal readonly record struct MemberSignature(string Parameters, string ReturnType, string Convention)
{
    /// <summary>All of it: two members bind to each other only if this is equal.</summary>
    public string Full => $"{Convention} {ReturnType} {Parameters}";
}
