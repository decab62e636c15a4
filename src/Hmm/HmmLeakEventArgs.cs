// SPDX-License-Identifier: MIT
namespace Hmm;

/// <summary>A range that the garbage collector found: nobody disposed it.</summary>
/// <param name="name">The range's name.</param>
/// <param name="lengthBytes">Its length in bytes.</param>
/// <param name="allocationStack">Where it was made, or null if nobody was subscribed then.</param>
public sealed class HmmLeakEventArgs(string name, long lengthBytes, string? allocationStack) : EventArgs
{
    /// <summary>The range's name.</summary>
    public string Name { get; } = name;

    /// <summary>Its length in bytes.</summary>
    public long LengthBytes { get; } = lengthBytes;

    /// <summary>
    /// Where the range was made. Null if nobody was subscribed to <see
    /// cref="HmmDiagnostics.Leaked"/> then: capturing a stack costs tens of microseconds.
    /// </summary>
    public string? AllocationStack { get; } = allocationStack;
}
