// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.RegularExpressions;
using Hmm.Uapi;

namespace Hmm.System.Tests.Support;

// An error is an errno, and one sentence that says what it is about and what to do.
internal static partial class Refused
{
    internal static void With(Errno errno, Action action, params string[] words)
    {
        var refused = Assert.Throws<HmmException>(action);
        Assert.Equal(errno, refused.Errno);
        IsSentence(refused.Sentence, words);
    }

    internal static void AsMisuse<T>(Action action, params string[] words)
        where T : Exception
    {
        var refused = Assert.Throws<T>(action);
        IsSentence(refused.Message.Split(" (Parameter")[0], words);
    }

    internal static void IsSentence(string message, params string[] words)
    {
        Assert.Matches(Sentence(), message);
        foreach (var word in words)
        {
            Assert.Contains(word, message, StringComparison.OrdinalIgnoreCase);
        }
    }

    // A capital, a quote or an option, or a system call with its arguments; a period; in a program's output the number.
    [GeneratedRegex(@"^([^a-z]|[a-z_0-9]+\().*\.( \(E[A-Z0-9]+\))?$", RegexOptions.Singleline)]
    private static partial Regex Sentence();
}
