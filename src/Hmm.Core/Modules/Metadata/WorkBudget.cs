// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Metadata;

/// <summary>
/// Bounds what reading one assembly may cost. Metadata can name the same bytes from every row of a table, so a small
/// file can ask for an unbounded amount of work; here each step pays for what it looks at, and a file that asks for
/// more than it could honestly need counts as malformed.
/// </summary>
/// <remarks>Thread-safety: none; an image is read by one thread at a time.</remarks>
internal sealed class WorkBudget(long units)
{
    private long _left = units; // Guarded by: owner thread

    /// <summary>
    /// For a file of <paramref name="lengthBytes"/>: 16 units for each of its bytes (a name, a signature and an
    /// instruction each look at a byte a few times) and 1 Mi more for small ones. 64 MiB at 1 ns a unit is a second.
    /// </summary>
    public static WorkBudget ForFile(int lengthBytes) => new((1L << 20) + (16L * lengthBytes));

    /// <summary>For an image that has been judged, or that the process runs already.</summary>
    public static WorkBudget Unlimited() => new(long.MaxValue);

    /// <summary>Ends the limit, once the image has been accepted and is only looked up in.</summary>
    public void Lift() => _left = long.MaxValue;

    /// <summary>Pays for work.</summary>
    /// <exception cref="BadImageFormatException">The budget is spent.</exception>
    public void Spend(long amount)
    {
        _left -= amount;
        if (_left < 0)
        {
            throw new BadImageFormatException("its metadata refers to the same bytes far too often");
        }
    }
}
