// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Policies;

/// <summary>How a touched page relates to a stream; the larger, the surer.</summary>
internal enum StreamMatch
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>It is near the only fault of the stream: this may become its step.</summary>
    Near = 1,

    /// <summary>It lies in a window that the stream has passed or is in, and was not brought.</summary>
    Inside = 2,

    /// <summary>It makes the step of the stream known.</summary>
    Step = 3,

    /// <summary>It is the first that is not issued, or a little behind that.</summary>
    Beyond = 4,

    /// <summary>It is the marker, or in the window behind it.</summary>
    Next = 5,
}
