// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>Whose counters Statistics returns.</summary>
public enum StatisticsScope : uint
{
    /// <summary>One range of this session.</summary>
    Range = 0,

    /// <summary>All ranges of this session, closed ones included.</summary>
    Session = 1,

    /// <summary>The whole host. Needs <see cref="Features.Administration"/>.</summary>
    Host = 2,
}
