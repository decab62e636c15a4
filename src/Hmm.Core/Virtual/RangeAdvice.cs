// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Virtual;

/// <summary>What the application says about its accesses to a range; the values of <c>madvise(2)</c>.</summary>
internal enum RangeAdvice
{
    /// <summary>Streams are found as they appear.</summary>
    Normal = 0,

    /// <summary>Only the page that is touched is filled.</summary>
    Random = 1,

    /// <summary>Fills run ahead from the first fault on.</summary>
    Sequential = 2,
}
